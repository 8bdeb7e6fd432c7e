// What a report says of a message beside what was found: a forward leaves out, a reporter's program changes, and some make up.
import { useState } from 'preact/hooks';
import type { Message } from '../base/breakdown';
import { compare, type Difference, type Word } from '../base/differs';
import { useLoad } from '../base/load';
import type { Report } from '../base/types';
import { t, word } from '../i18n';
import { Badge, Empty, Failed, Note, Select, Waiting } from './basics';
import { Strange } from './marks';

interface Account {
  first_hand: boolean;
  message: Message;
}

const isList = (field: Difference['field']) => field === 'links' || field === 'attachments';

function Words({ words, difference, kind }: { words: Word[]; difference: Difference; kind: 'claimed' | 'found' }) {
  if (!words.length) return <span class="soft">{t('differs.nothing')}</span>;
  const Only = kind === 'claimed' ? 'del' : 'ins';
  const show = ({ text, only }: Word) => (only ? <Only><Strange text={text} /></Only> : <Strange text={text} />);
  if (isList(difference.field) || ['from', 'to', 'cc'].includes(difference.field)) return <ul>{words.map((one, i) => <li key={i} class="break">{show(one)}</li>)}</ul>;
  return <div class={difference.field === 'text' ? 'account' : 'break'}>{runs(words).map((one, i) => <span key={i}>{i > 0 && ' '}{show(one)}</span>)}</div>;
}

/** Neighbours that are alike are one. */
function runs(words: Word[]): Word[] {
  const joined: Word[] = [];
  for (const { text, only } of words) {
    const last = joined.at(-1);
    if (last && last.only === only) last.text += ` ${text}`;
    else joined.push({ text, only });
  }
  return joined;
}

const tones = { same: 'plain', unsaid: 'plain', differs: 'major' } as const;

function Comparison({ claimed, found, inMailbox }: { claimed: Account; found: Message; inMailbox: boolean }) {
  const differences = compare(claimed.message, found);
  const n = differences.filter(({ verdict }) => verdict === 'differs').length;
  const left = t(claimed.first_hand ? 'differs.attached' : 'differs.claimed');
  const right = t(inMailbox ? 'differs.mailbox' : 'differs.found');
  return (
    <>
      <p role="status">{n ? <Badge tone="major">{t('differs.some', { n })}</Badge> : <Badge tone="good">{t('differs.none')}</Badge>}</p>
      <div class="table differs">
        <table>
          <thead><tr><th scope="col">{t('differs.field')}</th><th scope="col">{left}</th><th scope="col">{right}</th></tr></thead>
          <tbody>
            {differences.map((one) => (
              <tr key={one.field} class={one.verdict}>
                <th scope="row">{word('differs', one.field)} <Badge tone={tones[one.verdict]}>{word('differs', one.verdict)}</Badge></th>
                <td data-label={left}><Words words={one.claimed} difference={one} kind="claimed" /></td>
                <td data-label={right}><Words words={one.found} difference={one} kind="found" /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Of several messages in one report, the one that is meant. */
function pick(accounts: Account[], found: Message): Account | undefined {
  return accounts.find(({ message }) => message.message_id && message.message_id === found.message_id)
    ?? accounts.find(({ message }) => message.subject === found.subject) ?? (accounts.length === 1 ? accounts[0] : undefined);
}

const nameOf = (report: Report) => `#${report.id} · ${report.reporter_name ?? report.reporter ?? '?'} · ${word('form', report.form ?? 'none')}`;

export function Differs({ reports, found, firstHand }: { reports: Report[]; found: Message; firstHand: boolean }) {
  const [chosen, setChosen] = useState(String(reports[0]!.id));
  const said = useLoad<{ items: Account[] }>(`/reports/${chosen}/originals`);
  const account = said.data && pick(said.data.items, found);
  const located = reports.find((one) => String(one.id) === chosen)?.located;
  return (
    <div class="stack">
      {reports.length > 1 && <Select label={t('differs.report')} value={chosen} options={reports.map((one) => ({ value: String(one.id), words: nameOf(one) }))} onChange={setChosen} />}
      {!firstHand && <Note tone="major">{t('differs.onlyclaim')}</Note>}
      {said.error ? <Failed error={said.error} retry={said.reload} />
        : !said.data || said.loading ? <Waiting />
        : account ? <Comparison claimed={account} found={found} inMailbox={located === 'found'} /> : <Empty title={t('differs.nosuch')} />}
    </div>
  );
}
