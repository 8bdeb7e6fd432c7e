// What was reported, taken apart: as its reader saw it, and everything that he did not see.
import { useEffect, useRef, useState } from 'preact/hooks';
import { defang, type Breakdown, type Link, type Message, type Person } from '../base/breakdown';
import { bodyPlace, fieldPlace, findingsByPlace, linkPlace, placeOf, type Place, type View as PlaceView } from '../base/findings';
import { reveal, revealing } from '../base/reveal';
import { sanitise } from '../base/sanitise';
import type { Finding, Report } from '../base/types';
import { t, word } from '../i18n';
import { Attachments } from './attachments';
import { Badge, Empty, Note, Tabs, Time } from './basics';
import { Differs } from './differs';
import { Headers, type Found } from './headers';
import { Marks, Strange } from './marks';

type View = PlaceView | 'differs' | 'findings';

/** Any text goes into the frame's document by its DOM: a policy of ours vouches that it came out of the sanitiser. */
const policy = 'trustedTypes' in window
  ? (window as unknown as { trustedTypes: { createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): string } } })
    .trustedTypes.createPolicy('trawl', { createHTML: (html) => html })
  : { createHTML: (html: string) => html };

const sheet = 'body{margin:12px;font:14px/1.45 system-ui,sans-serif;color:#17202b;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}a{color:#0b5cad;text-decoration:underline;cursor:help}table{max-width:100%}';

/** @strange: what is hidden or not what it seems is to be shown, which is not how its reader saw it. */
export function Frame({ html, strange }: { html: string; strange: boolean }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(320);
  const [blocked, setBlocked] = useState(0);
  const fill = () => {
    const inner = frame.current?.contentDocument;
    if (!inner?.body || inner.URL === 'about:blank') return;
    const view = frame.current!.contentWindow!;
    const safe = sanitise(html, view);
    setBlocked(safe.blocked);
    const style = inner.createElement('style');
    style.textContent = sheet + (strange ? revealing : '');
    inner.head.replaceChildren(style);
    inner.body.innerHTML = policy.createHTML(safe.html);
    if (strange) reveal(inner.body, view, (odd) => word('odd', odd));
    setHeight(Math.min(Math.max(inner.documentElement.scrollHeight, 120), 4000));
  };
  useEffect(fill, [html, strange]);
  return (
    <>
      {blocked > 0 && <p class="soft">{t('message.blocked', { n: blocked })}</p>}
      <iframe ref={frame} class="message-frame" title={t('message.frame')} sandbox="allow-same-origin" src="/frame.html" style={{ height: `${height}px` }} onLoad={fill} />
    </>
  );
}

export function People({ people }: { people: Person[] }) {
  const [all, setAll] = useState(false);
  if (!people.length) return <span class="soft">–</span>;
  const some = all ? people : people.slice(0, 5);
  return (
    <>
      {some.map((person, i) => (
        <span key={i}>{i > 0 && ', '}{person.name && <><bdi class="break"><Strange text={person.name} /></bdi> </>}<span class="mono break">{person.name ? `<${person.address ?? '?'}>` : person.address ?? '?'}</span></span>
      ))}
      {people.length > some.length && <> <button type="button" class="link" onClick={() => setAll(true)}>{t('message.more', { n: people.length - some.length })}</button></>}
    </>
  );
}

function Links({ links, found }: { links: Link[]; found: Found }) {
  if (!links.length) return <Empty title={t('message.links.none')} />;
  return (
    <div class="table links">
      <table>
        <thead><tr><th>{t('message.links.shown')}</th><th>{t('message.links.target')}</th><th>{t('message.links.where')}</th></tr></thead>
        <tbody>
          {links.map((link, i) => (
            <tr key={i} data-place={linkPlace(i).key}>
              <td class="break">{link.text ? <Strange text={link.text} /> : <span class="soft">–</span>} {link.mismatch && <Badge tone="critical">{t('message.links.mismatch')}</Badge>}</td>
              <td class="break">
                <div><strong>{link.domain ?? link.host}</strong> <Marks findings={found(linkPlace(i))} /></div>
                <code>{defang(link.target ?? link.url)}</code>
                {link.target && <div class="soft">{t('message.links.by')} <code>{defang(link.host ?? '')}</code></div>}
              </td>
              <td class="soft nowrap" title={link.where}>{word('where', link.where.replace(/^html:/, '').replace(/[^a-z]/gi, '_'))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What was found in a body, above it: in a page that is somebody else's there is no place for marks of ours. */
function BodyFindings({ findings }: { findings: Finding[] }) {
  if (!findings.length) return null;
  return (
    <ul class="body-findings" data-place={bodyPlace('seen').key}>
      {findings.map((one, i) => <li key={i}><Marks findings={[one]} /> <span>{one.detail}</span></li>)}
    </ul>
  );
}

const inPage = ['hidden_text', 'zero_width', 'bidi_control', 'mixed_alphabets', 'styled_letters'];

function Seen({ message, found }: { message: Message; found: Found }) {
  const findings = found(bodyPlace('seen'));
  const [strange, setStrange] = useState(findings.some(({ id }) => inPage.includes(id)));
  if (!message.html) return <Text message={message} found={found} />;
  return (
    <div class="stack">
      <BodyFindings findings={findings} />
      <label class="check"><input type="checkbox" checked={strange} onChange={() => setStrange(!strange)} />{t('message.strange')}</label>
      <Frame html={message.html} strange={strange} />
    </div>
  );
}

function Text({ message, found }: { message: Message; found: Found }) {
  const text = message.text ?? message.shown;
  return (
    <div class="stack">
      <BodyFindings findings={found(bodyPlace('text'))} />
      <pre class="plain">{text ? <Strange text={text} /> : t('message.empty')}</pre>
    </div>
  );
}

function Findings({ message, onJump }: { message: Message; onJump: (place: Place) => void }) {
  if (!message.findings?.length) return <Empty title={t('message.findings.none')} />;
  return (
    <ul class="stack">
      {message.findings.map((one, i) => {
        const place = placeOf(one, message);
        return (
          <li key={i}>
            <Note tone="moderate">
              <div class="row apart"><strong>{one.detail}</strong>{place && <button type="button" class="button" aria-label={`${t('message.findings.show')}: ${one.detail}`} onClick={() => onJump(place)}>{t('message.findings.show')}</button>}</div>
              <div class="soft"><code>{one.id}</code>{one.where && <> · {one.where}</>}{place && <> · {t(`message.${place.view}`)}</>}</div>
            </Note>
          </li>
        );
      })}
    </ul>
  );
}

/** Goes to a place of another view, once that is there. */
function useJump(setView: (view: View) => void): { root: preact.RefObject<HTMLDivElement | null>; jump: (place: Place) => void } {
  const root = useRef<HTMLDivElement>(null);
  const [to, setTo] = useState<Place | null>(null);
  useEffect(() => {
    if (!to) return;
    const place = root.current?.querySelector<HTMLElement>(`[data-place="${CSS.escape(to.key)}"]`);
    place?.scrollIntoView({ block: 'center' });
    place?.querySelector<HTMLElement>('.finding-mark')?.focus();
    setTo(null);
  }, [to]);
  return { root, jump: (place) => { setView(place.view); setTo(place); } };
}

function Facts({ message, found }: { message: Message; found: Found }) {
  const marks = (...names: string[]) => <Marks findings={names.flatMap((name) => found(fieldPlace(name)))} />;
  return (
    <dl class="facts">
      <dt>{t('message.from')}</dt><dd><People people={message.from} /> {marks('From', 'Sender', 'Return-Path')}</dd>
      {message.reply_to.length > 0 && <><dt>{t('message.replyto')}</dt><dd><People people={message.reply_to} /> {marks('Reply-To')}</dd></>}
      <dt>{t('message.to')}</dt><dd><People people={[...message.to, ...message.cc]} /> {marks('To', 'Cc', 'Bcc')}</dd>
      <dt>{t('message.date')}</dt><dd><Time at={message.date} whole /> {marks('Date')}</dd>
      <dt>{t('message.subject')}</dt><dd class="row"><strong class="clamp" title={message.subject ?? undefined}><Strange text={message.subject} /></strong> {marks('Subject')}</dd>
    </dl>
  );
}

interface MessageProps {
  breakdown: Breakdown;
  bodies: boolean;
  vip?: boolean;
  original?: { id: number; first_hand: boolean; sha256: string | null };
  reports?: Report[];
}

export function MessageView({ breakdown, bodies, vip = false, original, reports = [] }: MessageProps) {
  const { message } = breakdown;
  const [view, setView] = useState<View>('seen');
  const { root, jump } = useJump(setView);
  const found = findingsByPlace(message);
  const pretends = message.links?.filter((link) => link.mismatch).length ?? 0;
  const count = (n: number | undefined) => (n ? ` ${n}` : '');
  const compares = bodies && reports.length > 0 && original !== undefined;
  const tabs: { value: View; words: string }[] = [
    { value: 'seen', words: t('message.seen') },
    { value: 'text', words: t('message.text') },
    { value: 'links', words: t('message.links') + count(message.links?.length) },
    { value: 'attachments', words: t('message.attachments') + count(message.attachments?.length) },
    { value: 'headers', words: t('message.headers') },
    { value: 'findings', words: t('message.findings') + count(message.findings?.length) },
    ...(compares ? [{ value: 'differs' as const, words: t('differs.title') }] : []),
  ];
  return (
    <div class="stack" ref={root}>
      <Facts message={message} found={found} />
      {pretends > 0 && <Note tone="critical"><span>{t('message.links.warn', { n: pretends })}</span> <button type="button" class="link" onClick={() => setView('links')}>{t('message.links.see')}</button></Note>}
      <Tabs label={t('message.title')} tabs={tabs} value={view} onChange={setView} />
      <div role="tabpanel">
        {!bodies && (view === 'seen' || view === 'text') ? <Note>{t(vip ? 'message.vip' : 'message.nobodies')}</Note>
          : view === 'seen' ? <Seen message={message} found={found} />
          : view === 'text' ? <Text message={message} found={found} />
          : view === 'links' ? <Links links={message.links ?? []} found={found} />
          : view === 'attachments' ? <Attachments attachments={message.attachments ?? []} original={bodies && original?.sha256 ? original.id : null} found={found} />
          : view === 'headers' ? <Headers message={message} found={found} />
          : view === 'differs' ? <Differs reports={reports} found={message} firstHand={original?.first_hand ?? false} />
          : <Findings message={message} onJump={jump} />}
      </div>
    </div>
  );
}
