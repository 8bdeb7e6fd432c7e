// Teams: who sees what came from which sources, and works on it together.
import { useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { useKeys } from '../base/keys';
import { useAll } from '../base/load';
import type { ApiKey, Source, Team, User } from '../base/types';
import { Button, Empty, Failed, Input, Note, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { Confirm } from '../components/forms';
import { t } from '../i18n';

interface Option {
  id: number;
  words: string;
  more?: string;
}

/** Any of them, each with a tick. */
function Picks({ label, hint, options, picked, onChange }: { label: string; hint: string; options: Option[]; picked: number[]; onChange: (picked: number[]) => void }) {
  const change = (id: number) => onChange(picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id]);
  return (
    <fieldset class="field">
      <legend class="legend">{label}</legend>
      {options.length === 0 ? <p class="soft">{hint}</p> : (
        <div class="options">
          {options.map((one) => (
            <label key={one.id}>
              <input type="checkbox" checked={picked.includes(one.id)} onChange={() => change(one.id)} />
              <span><strong>{one.words}</strong>{one.more && <span class="soft">{one.more}</span>}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}

interface Choices {
  users: User[];
  sources: Source[];
  keys: ApiKey[];
}

/** Makes a team, or changes @team. */
function Edit({ team, choices, onDone, onClose }: { team: Team | null; choices: Choices; onDone: () => void; onClose: () => void }) {
  const [name, setName] = useState(team?.name ?? '');
  const [description, setDescription] = useState(team?.description ?? '');
  const [members, setMembers] = useState(team?.member_ids ?? []);
  const [sources, setSources] = useState(team?.source_ids ?? []);
  const [keys, setKeys] = useState(team?.key_ids ?? []);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const deleted = (team?.sources ?? []).filter((one) => one.deleted).map((one) => ({ id: one.id, words: one.name, more: t('teams.source.deleted') }));
  const seeing = (user: User) => (user.sight === 'everything' ? t('teams.sees.everything') : '');
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const body = { name: name.trim(), description, member_ids: members, source_ids: sources, key_ids: keys };
    try {
      if (team) await api.patch(`/teams/${team.id}`, body, { etag: `"${team.revision}"` });
      else await api.post('/teams', body);
      say(t('say.saved'));
      onDone();
      onClose();
    } catch (error) {
      setWrong(words(error));
      setBusy(false);
    }
  }
  return (
    <Dialog title={team ? t('teams.edit', { name: team.name }) : t('teams.new')} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
        <Input label={t('teams.name')} value={name} onChange={setName} maxLength={200} required autofocus />
        <Input label={t('teams.description')} value={description} onChange={setDescription} maxLength={4000} />
        <Picks label={t('teams.sources')} hint={t('teams.sources.none')} picked={sources} onChange={setSources}
          options={[...choices.sources.map((one) => ({ id: one.id, words: one.name, more: one.mailbox })), ...deleted]} />
        <Picks label={t('teams.members')} hint={t('users.none')} picked={members} onChange={setMembers}
          options={choices.users.map((one) => ({ id: one.id, words: one.display_name ?? one.name, more: [one.display_name ? one.name : '', seeing(one)].filter(Boolean).join(' · ') }))} />
        {(choices.keys.length > 0 || keys.length > 0) && (
          <Picks label={t('teams.keys')} hint="" picked={keys} onChange={setKeys} options={choices.keys.map((one) => ({ id: one.id, words: one.name, more: `${one.prefix}…` }))} />
        )}
        <div class="row"><Button look="primary" type="submit" disabled={busy}>{t('do.save')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; team: Team } | null;

const names = (parts: { name: string; display_name?: string | null }[]) =>
  (parts.length ? parts.map((one) => one.display_name || one.name).join(', ') : <span class="soft">–</span>);

export function Teams() {
  const teams = useAll<Team>('/teams');
  const users = useAll<User>('/users');
  const sources = useAll<Source>('/sources');
  const keys = useAll<ApiKey>('/api-keys');
  const [open, setOpen] = useState<Open>(null);
  const rows = [...(teams.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  const choices: Choices = {
    users: [...(users.data ?? [])].sort((a, b) => a.name.localeCompare(b.name)),
    sources: sources.data ?? [],
    keys: (keys.data ?? []).filter((one) => !one.revoked_at && one.sight === 'teams'),
  };
  const close = () => setOpen(null);
  useKeys([{ key: 'n', words: t('teams.new'), run: () => setOpen({ kind: 'new' }) }]);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.teams')}</h1>
        <div class="actions"><Button look="primary" hint="n" onClick={() => setOpen({ kind: 'new' })}>+ {t('teams.new')}</Button></div>
      </div>
      {teams.error && !teams.data ? <Failed error={teams.error} retry={teams.reload} /> : !teams.data ? <Waiting /> : rows.length === 0 ? (
        <Empty title={t('teams.none')}><p>{t('teams.hint')}</p></Empty>
      ) : (
        <div class="stack">
          <div class="table people"><table aria-label={t('nav.teams')}>
            <thead>
              <tr>
                <th scope="col">{t('teams.name')}</th><th scope="col">{t('teams.sources')}</th><th scope="col">{t('teams.members')}</th>
                <th scope="col"><span class="visually-hidden">{t('do.more')}</span></th>
              </tr>
            </thead>
            <tbody>
              {rows.map((team) => (
                <tr key={team.id}>
                  <td><strong>{team.name}</strong>{team.description && <div class="soft">{team.description}</div>}</td>
                  <td>{names(team.sources)}</td>
                  <td>{names(team.members)}{team.keys.length > 0 && <div class="soft">{t('teams.keys')}: {names(team.keys)}</div>}</td>
                  <td class="last"><div class="row"><Button onClick={() => setOpen({ kind: 'edit', team })}>{t('do.edit')}</Button><Button look="danger" onClick={() => setOpen({ kind: 'delete', team })}>{t('do.delete')}</Button></div></td>
                </tr>
              ))}
            </tbody>
          </table></div>
          <p class="soft">{t('teams.hint')}</p>
        </div>
      )}
      {open?.kind === 'new' && <Edit team={null} choices={choices} onDone={teams.reload} onClose={close} />}
      {open?.kind === 'edit' && <Edit team={open.team} choices={choices} onDone={teams.reload} onClose={close} />}
      {open?.kind === 'delete' && (
        <Confirm title={t('teams.delete.title', { name: open.team.name })} yes={t('do.delete')} onClose={close}
          run={async () => { await api.remove(`/teams/${open.team.id}`); say(t('teams.deleted')); teams.reload(); }}>
          <p>{t('teams.delete.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}
