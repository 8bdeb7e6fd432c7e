// Saved views of the queue: chosen by name, saved from what is shown, changed by whose they are.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, session, words } from '../base/api';
import { personName } from '../base/people';
import type { SavedView } from '../base/types';
import { t } from '../i18n';
import { Button, Check, Input, Note } from './basics';
import { Dialog, say } from './dialog';

export interface View {
  /** Of a saved one. */
  id?: number;
  name: string;
  filter: string;
  saved?: SavedView;
}

const isMine = (view: View) => view.saved?.owner === session.value?.user.name;
const mayChange = (view: View) => view.saved && (isMine(view) || (view.saved.shared && may('admin'))) && (!view.saved.shared || may('triage'));

/** All of them, found by typing, chosen by the arrows. */
export function ViewsDialog({ views, onChoose, onChanged, onClose }: { views: View[]; onChoose: (view: View) => void; onChanged: () => void; onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const wanted = text.trim().toLocaleLowerCase();
  const some = views.filter((view) => view.name.toLocaleLowerCase().includes(wanted) || view.filter.includes(wanted));
  const cursor = Math.min(at, some.length - 1);
  useEffect(() => {
    list.current?.children[cursor]?.scrollIntoView({ block: 'nearest' });
  }, [cursor]);
  const here = some[cursor];

  function choose(view: View | undefined): void {
    if (!view) return;
    onChoose(view);
    onClose();
  }
  function press(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter') choose(here);
    else if (step) setAt(Math.max(0, Math.min(some.length - 1, cursor + step)));
    else return;
    event.preventDefault();
  }
  async function remove(view: View): Promise<void> {
    try {
      await api.remove(`/views/${view.id}`);
      const { name, filter, columns, shared } = view.saved!;
      say(t('views.deleted', { name }), 'good', () => void api.post('/views', { name, filter, columns, shared }).then(onChanged, (error) => say(words(error), 'critical')));
      onChanged();
    } catch (error) {
      say(words(error), 'critical');
    }
  }
  async function share(view: View): Promise<void> {
    try {
      await api.patch(`/views/${view.id}`, { shared: !view.saved!.shared });
      onChanged();
    } catch (error) {
      say(words(error), 'critical');
    }
  }
  return (
    <Dialog title={t('views.title')} onClose={onClose}>
      <div class="stack">
        <input class="input" role="combobox" aria-label={t('views.find')} placeholder={t('views.find')} aria-expanded="true" aria-autocomplete="list" aria-controls={id} autocomplete="off" autofocus
          aria-activedescendant={here ? `${id}-${cursor}` : undefined} value={text} onInput={(event) => { setText(event.currentTarget.value); setAt(0); }} onKeyDown={press} />
        {some.length === 0 && <Note>{t('views.none')}</Note>}
        <div class="list-box" role="listbox" id={id} aria-label={t('views.title')} ref={list}>
          {some.map((view, i) => (
            <div key={view.id ?? view.name} id={`${id}-${i}`} class="choice" role="option" aria-selected={i === cursor} onClick={() => setAt(i)} onDblClick={() => choose(view)}>
              <span>{view.name}</span> <span class="soft mono">{view.filter}</span>
              {view.saved && <span class="soft"> {isMine(view) ? (view.saved.shared ? t('views.shared') : t('views.own')) : personName(view.saved.owner)}</span>}
            </div>
          ))}
        </div>
        <div class="row">
          <Button look="primary" disabled={!here} onClick={() => choose(here)}>{t('views.show')}</Button>
          {here && mayChange(here) && may('triage') && <Button onClick={() => void share(here)}>{here.saved!.shared ? t('views.unshare') : t('views.share')}</Button>}
          {here && mayChange(here) && <Button look="danger" onClick={() => void remove(here)}>{t('do.delete')}</Button>}
        </div>
      </div>
    </Dialog>
  );
}

/** Keeps what is shown under a name; of an own view that is shown, also in its place. */
export function SaveViewDialog({ filter, columns, current, onSaved, onClose }: { filter: string; columns: string[]; current: View | undefined; onSaved: (view: SavedView) => void; onClose: () => void }) {
  const own = current && isMine(current) ? current : undefined;
  const [name, setName] = useState(own?.name ?? '');
  const [shared, setShared] = useState(own?.saved?.shared ?? false);
  const [wrong, setWrong] = useState<string | null>(null);
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    const body = { name: name.trim(), filter, columns, shared };
    try {
      const again = own && own.name === body.name;
      const view = again ? await api.patch<SavedView>(`/views/${own.id}`, body) : await api.post<SavedView>('/views', body);
      say(t('views.saved', { name: view.name }));
      onSaved(view);
      onClose();
    } catch (error) {
      setWrong(words(error));
    }
  }
  return (
    <Dialog title={t('views.save')} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        <p class="mono break">{filter}</p>
        <Input label={t('views.name')} hint={t('views.name.hint')} wrong={wrong} value={name} onChange={(next) => { setName(next); setWrong(null); }} required maxLength={200} autofocus />
        {may('triage') && <Check label={t('views.share.check')} hint={t('views.share.hint')} checked={shared} onChange={setShared} />}
        <div class="row"><Button look="primary" type="submit">{t('do.save')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

/** Which columns there are, each with a tick. */
export function ColumnsDialog({ all, shown, onChange, onClose }: { all: { name: string; words: string }[]; shown: string[]; onChange: (shown: string[]) => void; onClose: () => void }) {
  return (
    <Dialog title={t('columns.title')} onClose={onClose}>
      <div class="stack">
        <fieldset class="choices">
          <legend class="visually-hidden">{t('columns.title')}</legend>
          {all.map(({ name, words: label }) => (
            <label key={name}>
              <input type="checkbox" checked={shown.includes(name)} disabled={name === 'title'} onChange={(event) => {
                const on = event.currentTarget.checked;
                onChange(all.map((one) => one.name).filter((one) => (one === name ? on : shown.includes(one))));
              }} />
              {label}
            </label>
          ))}
        </fieldset>
        <div class="row"><Button look="primary" onClick={onClose}>{t('do.close')}</Button><Button onClick={() => onChange([])}>{t('columns.default')}</Button></div>
      </div>
    </Dialog>
  );
}
