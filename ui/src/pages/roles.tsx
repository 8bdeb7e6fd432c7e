// Roles: what each lets do. Those that came with Trawl stay as they are.
import { useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { useKeys } from '../base/keys';
import { useAll } from '../base/load';
import { scopes, type Role, type Scope } from '../base/types';
import { Badge, Button, Failed, Input, Note, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { Confirm } from '../components/forms';
import { t, word } from '../i18n';

/** Makes a role, or changes @role. */
function Edit({ role, onDone, onClose }: { role: Role | null; onDone: () => void; onClose: () => void }) {
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [picked, setPicked] = useState<ReadonlySet<Scope>>(new Set(role?.permissions ?? ['read']));
  const [wrong, setWrong] = useState<string | null>(null);
  function pick(one: Scope): void {
    const next = new Set(picked);
    if (!next.delete(one)) next.add(one);
    setPicked(next);
  }
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    if (picked.size === 0) return setWrong(t('roles.permissions.wrong'));
    const body = { name: name.trim(), description, permissions: scopes.filter((one) => picked.has(one)) };
    try {
      if (role) await api.patch(`/roles/${role.id}`, body, { etag: `"${role.revision}"` });
      else await api.post('/roles', body);
      say(t('say.saved'));
      onDone();
      onClose();
    } catch (error) {
      setWrong(words(error));
    }
    return undefined;
  }
  return (
    <Dialog title={role ? t('roles.edit', { name: role.name }) : t('roles.new')} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
        {role && <p class="soft">{t('roles.edit.hint')}</p>}
        <Input label={t('roles.name')} value={name} onChange={setName} maxLength={200} required autofocus />
        <Input label={t('roles.description')} value={description} onChange={setDescription} maxLength={4000} />
        <fieldset class="field">
          <legend class="legend">{t('roles.permissions')}</legend>
          <div class="options">
            {scopes.map((one) => (
              <label key={one}>
                <input type="checkbox" checked={picked.has(one)} onChange={() => pick(one)} />
                <span><strong class="mono">{one}</strong><span class="soft">{word('scope', one)}</span></span>
              </label>
            ))}
          </div>
        </fieldset>
        <div class="row"><Button look="primary" type="submit">{t('do.save')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; role: Role } | null;

export function Roles() {
  const roles = useAll<Role>('/roles');
  const [open, setOpen] = useState<Open>(null);
  const rows = [...(roles.data ?? [])].sort((a, b) => a.id - b.id);
  useKeys([{ key: 'n', words: t('roles.new'), run: () => setOpen({ kind: 'new' }) }]);
  const close = () => setOpen(null);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.roles')}</h1>
        <div class="actions"><Button look="primary" hint="n" onClick={() => setOpen({ kind: 'new' })}>+ {t('roles.new')}</Button></div>
      </div>
      {roles.error && !roles.data ? <Failed error={roles.error} retry={roles.reload} /> : !roles.data ? <Waiting /> : (
        <div class="table people"><table aria-label={t('nav.roles')}>
          <thead>
            <tr><th scope="col">{t('roles.name')}</th><th scope="col">{t('roles.permissions')}</th><th scope="col"><span class="visually-hidden">{t('do.more')}</span></th></tr>
          </thead>
          <tbody>
            {rows.map((role) => (
              <tr key={role.id}>
                <td><strong>{role.name}</strong><div class="soft">{role.description}</div></td>
                <td><div class="row">{role.permissions.map((one) => <Badge key={one} tone={one === 'admin' ? 'major' : 'plain'} title={word('scope', one)}>{one}</Badge>)}</div></td>
                <td class="last">
                  {role.built_in ? <span class="soft">{t('roles.builtin')}</span> : (
                    <div class="row"><Button onClick={() => setOpen({ kind: 'edit', role })}>{t('do.edit')}</Button><Button look="danger" onClick={() => setOpen({ kind: 'delete', role })}>{t('do.delete')}</Button></div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      {open?.kind === 'new' && <Edit role={null} onDone={roles.reload} onClose={close} />}
      {open?.kind === 'edit' && <Edit role={open.role} onDone={roles.reload} onClose={close} />}
      {open?.kind === 'delete' && (
        <Confirm title={t('roles.delete.title', { name: open.role.name })} yes={t('do.delete')} onClose={close}
          run={async () => { await api.remove(`/roles/${open.role.id}`); say(t('roles.deleted')); roles.reload(); }}>
          <p>{t('roles.delete.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}
