// Everything that is known of every incident, searched: subjects, people, links, files, hashes, and what messages say.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, Problem } from '../base/api';
import { useKeys } from '../base/keys';
import { go, query, setQuery } from '../base/router';
import type { SearchHit, SearchPage as Found } from '../base/types';
import { Badge, Button, DispositionBadge, Empty, Failed, SeverityBadge, Time, Waiting } from '../components/basics';
import { t, word } from '../i18n';

interface State {
  text: string;
  hits: SearchHit[];
  next: string | null;
  total: number | null;
  loading: boolean;
  error: unknown;
}

const nothing: State = { text: '', hits: [], next: null, total: null, loading: false, error: null };

/** The hits of @text, page by page. A page of a phrase may be empty and have a next one: that is asked for, too, a few times. */
function useSearch(text: string): State & { more: () => void; again: () => void } {
  const [state, setState] = useState<State>(nothing);
  const abort = useRef(new AbortController());

  async function ask(from: State, least: number): Promise<void> {
    const { signal } = abort.current;
    let now: State = { ...from, loading: true, error: null };
    setState(now);
    try {
      for (let turn = 0; turn < 5; turn++) {
        const page: Found = await api.get<Found>('/search', { q: now.text, limit: 25, cursor: now.next }, signal);
        if (signal.aborted) return;
        now = { ...now, hits: [...now.hits, ...page.items], next: page.next, total: page.total };
        if (now.hits.length >= least || !page.next) break;
        setState(now);
      }
      setState({ ...now, loading: false });
    } catch (error) {
      if (!signal.aborted) setState({ ...now, loading: false, error });
    }
  }

  useEffect(() => {
    abort.current.abort();
    abort.current = new AbortController();
    if (text) void ask({ ...nothing, text }, 10);
    else setState(nothing);
    return () => abort.current.abort();
  }, [text]);
  return { ...state, again: () => void ask({ ...nothing, text }, 10), more: () => void (state.next && !state.loading && ask(state, state.hits.length + 10)) };
}

function Snippets({ hit }: { hit: SearchHit }) {
  return (
    <ul class="snippets">
      {hit.snippets.map((snippet, i) => (
        <li key={i}>
          <span class="soft">{word('search.field', snippet.field)}</span>{' '}
          <bdi>{snippet.parts.map((part, j) => (part.hit ? <mark key={j}>{part.text}</mark> : part.text))}</bdi>
        </li>
      ))}
    </ul>
  );
}

function Help() {
  const rows = ['words', 'phrase', 'prefix', 'not', 'field', 'host', 'hash'] as const;
  return (
    <div class="guide">
      <h2>{t('search.help')}</h2>
      <dl class="facts">
        {rows.map((row) => [<dt key={row}><code>{t(`search.help.${row}`)}</code></dt>, <dd key={`${row}-words`}>{t(`search.help.${row}.words`)}</dd>])}
      </dl>
      <p class="soft">{t('search.help.fields')} <code>subject body from to reporter link attachment hash message comment address</code></p>
    </div>
  );
}

export function Search() {
  const text = (query.value.get('q') ?? '').trim();
  const [draft, setDraft] = useState(text);
  const [cursor, setCursor] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const { hits, next, total, loading, error, more, again } = useSearch(text);
  useEffect(() => {
    setDraft(text);
    setCursor(0);
    if (!text) field.current?.focus();
  }, [text]);
  useEffect(() => {
    document.querySelector('.hit.cursor')?.scrollIntoView({ block: 'nearest' });
  }, [cursor]);
  const move = (step: number) => {
    setCursor((at) => Math.max(0, Math.min(hits.length - 1, at + step)));
    if (cursor + step >= hits.length - 3) more();
  };
  useKeys([
    { key: '/', words: t('keys.search'), run: () => { field.current?.focus(); field.current?.select(); } },
    { key: 'j', words: t('incidents.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('incidents.key.down'), run: () => move(1) },
    { key: 'k', words: t('incidents.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('incidents.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('incidents.key.open'), run: () => hits[cursor] && go(`/incidents/${hits[cursor].incident.id}`) },
  ]);
  const refused = error instanceof Problem && error.status === 400;
  return (
    <div class="page stack">
      <div class="page-head"><h1>{t('nav.search')}</h1></div>
      <form class="stack" role="search" aria-label={t('nav.search')} onSubmit={(event) => { event.preventDefault(); setQuery({ q: draft.trim() || null }); field.current?.blur(); }}>
        <div class="with-button">
          <input ref={field} class="input" type="search" aria-label={t('app.search')} placeholder={t('app.search')} maxLength={500} value={draft} spellcheck={false} autocomplete="off"
            onInput={(event) => setDraft(event.currentTarget.value)} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} />
          <Button look="primary" type="submit">{t('nav.search')}</Button>
        </div>
        {refused && <p class="wrong" role="alert">{(error as Problem).detail}</p>}
      </form>
      {error && !refused ? <Failed error={error} retry={again} /> : null}
      {!text ? <Help /> : (
        <>
          <p class="soft" role="status">{loading && !hits.length ? t('say.loading') : total !== null ? t('search.total', { n: total }) : hits.length ? t('search.some', { n: hits.length }) : ''}</p>
          {!hits.length && !loading && !error && <Empty title={t('search.none')}><p>{t('search.none.hint')}</p></Empty>}
          <ol class="hits">
            {hits.map((hit, i) => (
              <li key={hit.incident.id} class={`hit ${i === cursor ? 'cursor' : ''}`} onClick={() => setCursor(i)}>
                <div class="row">
                  <a class="break clamp" href={`/incidents/${hit.incident.id}`}><bdi>{hit.incident.title}</bdi></a>
                  <span class="soft">#{hit.incident.id}</span>
                  <SeverityBadge value={hit.incident.severity} /><DispositionBadge value={hit.incident.disposition} />
                  {hit.incident.state === 'closed' && <Badge>{t('state.closed')}</Badge>}
                  <span class="soft"><Time at={hit.incident.opened_at} /></span>
                </div>
                <Snippets hit={hit} />
              </li>
            ))}
          </ol>
          {loading && <Waiting />}
          {next && !loading && <p><Button onClick={more}>{t('do.more')}</Button></p>}
        </>
      )}
    </div>
  );
}
