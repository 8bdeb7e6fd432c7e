// Forms of what is configured by members: mail servers and identity providers. What is asked for comes from the API, so that a
// new kind needs nothing here.
import { setQuery } from '../base/router';
import type { KindMember } from '../base/types';
import { t, word } from '../i18n';
import { en } from '../i18n/en';
import { memberHelp, memberTitle } from '../i18n/members';
import { Badge, Button, Card, Input, Select } from './basics';
import { Area, linesOf, listOf } from './forms';

export interface Kind {
  name: string;
  title: string;
  members: KindMember[];
}

export interface Configured {
  config: Record<string, unknown>;
  secret_set: string[];
}

/** Lists whose entries may hold blanks and commas. */
const byLine = ['roles', 'refused_groups'];

export type Values = Record<string, string>;

export function valuesOf(kind: Kind, server: Configured | null): Values {
  const values: Values = {};
  for (const member of kind.members) {
    const value = member.secret ? undefined : server?.config[member.name];
    values[member.name] = Array.isArray(value) ? value.join('\n') : value === undefined || value === null ? (!server && member.choices[0]) || '' : String(value);
  }
  return values;
}

/** A member as the API wants it; null takes it away. */
export function valueOf(member: KindMember, text: string): unknown {
  if (member.type === 'texts') {
    const list = byLine.includes(member.name) ? linesOf(text) : listOf(text);
    return list.length ? list : null;
  }
  if (!text.trim()) return null;
  if (member.type === 'integer') return Number(text);
  return member.secret ? text : text.trim();
}

/** Some members are needed, and asked for, only with certain others. */
export const depends = (member: KindMember) => Boolean(member.needed_unless);
export const isAsked = (member: KindMember, values: Values) =>
  !member.needed_unless || Object.entries(member.needed_unless).every(([name, value]) => values[name] !== value);
const isNeeded = (member: KindMember, values: Values) => member.needed || (depends(member) && isAsked(member, values));

export function judge(kind: Kind, name: string, values: Values, secrets: boolean): Values {
  const wrong: Values = {};
  if (!name.trim()) wrong[''] = t('source.name.wrong');
  for (const member of kind.members) {
    const text = values[member.name] ?? '';
    if (member.secret && !secrets) continue;
    if (isNeeded(member, values) && !text.trim()) wrong[member.name] = t('email.needed');
    else if (member.type === 'integer' && text.trim() && !/^\d+$/.test(text.trim())) wrong[member.name] = t('email.number');
    else if (member.type === 'address' && text.trim() && !/^[^\s@]+@[^\s@]+$/.test(text.trim())) wrong[member.name] = t('source.mailbox.wrong');
  }
  return wrong;
}

export function Member({ member, value, wrong, onChange }: { member: KindMember; value: string; wrong?: string; onChange: (value: string) => void }) {
  const label = `${memberTitle(member)}${member.needed || depends(member) ? '' : ` (${t('email.optional')})`}`;
  const hint = memberHelp(member);
  if (member.type === 'choice') {
    const options = [...(member.needed || value ? [] : [{ value: '', words: '–' }]), ...member.choices.map((one) => ({ value: one, words: word('choice', one) }))];
    return <Select label={label} hint={hint} value={value || (member.needed ? member.choices[0]! : '')} options={options} onChange={onChange} />;
  }
  if (member.type === 'texts') return <Area label={label} hint={hint} wrong={wrong} value={value} rows={2} spellcheck={false} onChange={onChange} />;
  return (
    <Input label={label} hint={hint} wrong={wrong} value={value} type={member.secret ? 'password' : member.type === 'address' ? 'email' : 'text'} onChange={onChange}
      inputMode={member.type === 'integer' ? 'numeric' : undefined} autocomplete={member.secret ? 'new-password' : 'off'} autocapitalize="none" spellcheck={false} />
  );
}

/** Secrets go in and never come out: what can be seen is which are set. */
export function Secrets({ server, members, values, wrong, replacing, onReplace, onChange }: { server: Configured | null; members: KindMember[]; values: Values; wrong: Values; replacing: boolean; onReplace: (on: boolean) => void; onChange: (name: string, value: string) => void }) {
  if (members.length === 0) return null;
  if (!replacing)
    return (
      <div class="field">
        <span class="label">{members.map(memberTitle).join(', ')}</span>
        <div class="row">
          {members.map((member) => <Badge key={member.name} tone={server!.secret_set.includes(member.name) ? 'good' : 'moderate'}>{server!.secret_set.includes(member.name) ? t('email.secret.set') : t('email.secret.unset')}</Badge>)}
          <Button onClick={() => onReplace(true)}>{t('email.secret.replace')}</Button>
        </div>
        <div class="hint">{t('email.secret.hint')}</div>
      </div>
    );
  return (
    <>
      {members.map((member) => <Member key={member.name} member={member} value={values[member.name] ?? ''} wrong={wrong[member.name]} onChange={(value) => onChange(member.name, value)} />)}
      {server && <p><Button onClick={() => onReplace(false)}>{t('email.secret.keep')}</Button></p>}
    </>
  );
}

/** The first step of something new: which kind it is. The address keeps it, as "kind". */
export function KindPicker({ title, kinds, chosen }: { title: string; kinds: Kind[]; chosen: Kind | undefined }) {
  return (
    <Card title={`1. ${title}`}>
      <fieldset>
        <legend class="visually-hidden">{title}</legend>
        <div class="choices">
          {kinds.map((one) => (
            <label key={one.name}>
              <input type="radio" name="kind" checked={one === chosen} onChange={() => setQuery({ kind: one.name })} />
              <span><strong>{one.title}</strong>{`kind.hint.${one.name}` in en && <span class="hint">{word('kind.hint', one.name)}</span>}</span>
            </label>
          ))}
        </div>
      </fieldset>
    </Card>
  );
}
