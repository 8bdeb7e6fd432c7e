// VIPs: whose mail is looked at only with a permission of its own.
import { useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { useAll, useLoad } from '../base/load';
import type { Role } from '../base/types';
import { Button, Card, Failed, Note, Waiting } from '../components/basics';
import { say } from '../components/dialog';
import { Area, listOf } from '../components/forms';
import { t } from '../i18n';

interface List {
  addresses: string[];
}

function Form({ list, onSaved }: { list: List; onSaved: (list: List) => void }) {
  const [text, setText] = useState(list.addresses.join('\n'));
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setWrong(null);
    try {
      const saved = await api.patch<List>('/vips', { addresses: listOf(text) });
      setText(saved.addresses.join('\n'));
      onSaved(saved);
      say(t('say.saved'));
    } catch (error) {
      setWrong(words(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form class="stack" onSubmit={save}>
      {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
      <Area label={t('vips.addresses')} hint={t('vips.addresses.hint')} value={text} rows={8} spellcheck={false} onChange={setText} />
      <div><Button look="primary" type="submit" disabled={busy}>{t('do.save')}</Button></div>
    </form>
  );
}

export function Vips() {
  const list = useLoad<List>('/vips');
  const roles = useAll<Role>('/roles');
  const having = roles.data?.filter((role) => role.permissions.includes('vip') || role.permissions.includes('admin')) ?? [];
  return (
    <div class="page">
      <div class="page-head"><h1>{t('nav.vips')}</h1></div>
      {list.error && !list.data ? <Failed error={list.error} retry={list.reload} /> : !list.data || (!roles.data && !roles.error) ? <Waiting /> : (
        <div class="split">
          <Card title={t('vips.title')}><Form list={list.data} onSaved={list.set} /></Card>
          <aside class="stack">
            <Note tone="plain"><p>{t('vips.hint')}</p></Note>
            <Card title={t('vips.roles')}><p>{having.map((role) => role.name).join(', ')} · <a href="/settings/roles">{t('nav.roles')}</a></p></Card>
          </aside>
        </div>
      )}
    </div>
  );
}
