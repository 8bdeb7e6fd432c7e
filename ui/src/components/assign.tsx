// Who works on something: found by typing part of the name, chosen by the arrows.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { session } from '../base/api';
import { askPeople, people, teams } from '../base/people';
import type { Incident } from '../base/types';
import { t } from '../i18n';
import { Note } from './basics';
import { Dialog } from './dialog';

export type Assignment = Partial<Pick<Incident, 'assignee' | 'team'>>;

interface Choice {
  key: string;
  to: Assignment;
  now: boolean;
  words: string;
  more: string;
}

const folded = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

/** A team that gets it decides who works on it; a person who takes it leaves it to the team, too. */
export function AssignDialog({ assignee, team, onChoose, onClose }: { assignee: string | null; team: string | null; onChoose: (to: Assignment) => void; onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  useEffect(askPeople, []);
  const me = session.value!.user.name;
  const wanted = folded(text.trim());
  const some = people.value
    .filter((one) => one.active && (folded(one.name).includes(wanted) || folded(one.display_name ?? '').includes(wanted)))
    .sort((a, b) => Number(b.name === me) - Number(a.name === me) || (a.display_name ?? a.name).localeCompare(b.display_name ?? b.name));
  const choices: Choice[] = [
    ...(assignee && !wanted ? [{ key: 'nobody', to: { assignee: null }, now: false, words: t('assign.nobody'), more: '' }] : []),
    ...(team && !wanted ? [{ key: 'noteam', to: { team: null }, now: false, words: t('assign.noteam'), more: '' }] : []),
    ...teams.value.filter((one) => folded(one.name).includes(wanted)).sort((a, b) => a.name.localeCompare(b.name))
      .map((one) => ({ key: `team:${one.name}`, to: { team: one.name, assignee: null }, now: one.name === team, words: one.name, more: t('assign.team') })),
    ...some.map((one) => ({ key: one.name, to: { assignee: one.name }, now: one.name === assignee, words: one.display_name || one.name, more: [one.display_name ? one.name : '', one.name === me ? t('assign.you') : ''].filter(Boolean).join(' · ') })),
  ];
  const cursor = Math.min(at, choices.length - 1);
  useEffect(() => {
    list.current?.children[cursor]?.scrollIntoView({ block: 'nearest' });
  }, [cursor]);

  function choose(choice: Choice | undefined): void {
    if (!choice) return;
    onChoose(choice.to);
    onClose();
  }
  function press(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter') choose(choices[cursor]);
    else if (step) setAt(Math.max(0, Math.min(choices.length - 1, cursor + step)));
    else return;
    event.preventDefault();
  }
  return (
    <Dialog title={t('assign.title')} onClose={onClose}>
      <div class="stack">
        <input class="input" role="combobox" aria-label={t('assign.find')} placeholder={t('assign.find')} aria-expanded="true" aria-autocomplete="list" aria-controls={id} autocomplete="off" autofocus
          aria-activedescendant={choices.length ? `${id}-${cursor}` : undefined} value={text} onInput={(event) => { setText(event.currentTarget.value); setAt(0); }} onKeyDown={press} />
        {choices.length === 0 && <Note>{t('assign.none')}</Note>}
        <div class="list-box" role="listbox" id={id} aria-label={t('assign.title')} ref={list}>
          {choices.map((choice, i) => (
            <div key={choice.key} id={`${id}-${i}`} class="choice" role="option" aria-selected={i === cursor} onClick={() => choose(choice)}>
              <span>{choice.words}</span>{choice.more && <span class="soft"> {choice.more}</span>}{choice.now && <span class="soft"> ✓</span>}
            </div>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
