// What was reported, taken apart: as its reader saw it, and everything that he did not see.
import { useEffect, useRef, useState } from 'preact/hooks';
import { defang, size, type Attachment, type Breakdown, type Hop, type Link, type Message, type Person } from '../base/breakdown';
import { sanitise } from '../base/sanitise';
import { duration } from '../base/time';
import { t } from '../i18n';
import { Badge, Copy, Empty, Note, Tabs, Time } from './basics';

type View = 'seen' | 'text' | 'links' | 'attachments' | 'headers' | 'findings';

/** Any text goes into the frame's document by its DOM: a policy of ours vouches that it came out of the sanitiser. */
const policy = 'trustedTypes' in window
  ? (window as unknown as { trustedTypes: { createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): string } } })
    .trustedTypes.createPolicy('trawl', { createHTML: (html) => html })
  : { createHTML: (html: string) => html };

const sheet = 'body{margin:12px;font:14px/1.45 system-ui,sans-serif;color:#17202b;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}a{color:#0b5cad;text-decoration:underline;cursor:help}table{max-width:100%}';

export function Frame({ html }: { html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(320);
  const [blocked, setBlocked] = useState(0);
  const fill = () => {
    const inner = frame.current?.contentDocument;
    if (!inner?.body || inner.URL === 'about:blank') return;
    const safe = sanitise(html, frame.current!.contentWindow!);
    setBlocked(safe.blocked);
    const style = inner.createElement('style');
    style.textContent = sheet;
    inner.head.replaceChildren(style);
    inner.body.innerHTML = policy.createHTML(safe.html);
    setHeight(Math.min(Math.max(inner.documentElement.scrollHeight, 120), 4000));
  };
  useEffect(fill, [html]);
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
        <span key={i}>{i > 0 && ', '}{person.name && <>{person.name} </>}<span class="mono break">{person.name ? `<${person.address ?? '?'}>` : person.address ?? '?'}</span></span>
      ))}
      {people.length > some.length && <> <button type="button" class="link" onClick={() => setAll(true)}>{t('message.more', { n: people.length - some.length })}</button></>}
    </>
  );
}

function Links({ links }: { links: Link[] }) {
  if (!links.length) return <Empty title={t('message.links.none')} />;
  return (
    <div class="table">
      <table>
        <thead><tr><th>{t('message.links.shown')}</th><th>{t('message.links.target')}</th><th>{t('message.links.where')}</th></tr></thead>
        <tbody>
          {links.map((link, i) => (
            <tr key={i}>
              <td class="break">{link.text || <span class="soft">–</span>} {link.mismatch && <Badge tone="critical">{t('message.links.mismatch')}</Badge>}</td>
              <td class="break">
                <div><strong>{link.domain ?? link.host}</strong></div>
                <code>{defang(link.target ?? link.url)}</code>
                {link.target && <div class="soft">{t('message.links.by')} <code>{defang(link.host ?? '')}</code></div>}
              </td>
              <td class="soft nowrap">{link.where}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Attachments({ attachments, depth = 0 }: { attachments: Attachment[]; depth?: number }) {
  return (
    <ul class="stack" style={{ marginInlineStart: `${depth * 20}px` }}>
      {attachments.map((one, i) => (
        <li key={i} class="stack">
          <div class="note">
            <div class="row"><strong class="break">{one.name ?? t('message.attachments.unnamed')}</strong><span class="soft">{size(one.size)}</span></div>
            <div class="soft">{one.detected ?? one.type}{one.type && one.detected && one.type !== one.detected && <> · {t('message.attachments.declared', { type: one.type })}</>}</div>
            {one.sha256 && <div class="row"><code class="break">{one.sha256}</code><Copy text={one.sha256} /></div>}
          </div>
          {one.parts && <Attachments attachments={one.parts} depth={depth + 1} />}
        </li>
      ))}
    </ul>
  );
}

function Route({ hops, entered }: { hops: Hop[]; entered: number | null }) {
  const path = [...hops].map((hop, i) => ({ hop, i })).reverse();
  return (
    <ol class="route">
      {path.map(({ hop, i }) => (
        <li key={i} class={i === entered ? 'entered' : ''}>
          <div class="row">
            <strong class="break">{hop.from ?? hop.client ?? '?'}</strong>
            {hop.address && <code>{hop.address}</code>}
            <span class="soft">→ {hop.by ?? '?'}</span>
            {hop.tls && <Badge tone="good">{hop.tls}</Badge>}
            {i === entered && <Badge tone="accent">{t('message.route.entered')}</Badge>}
            {hop.backwards && <Badge tone="major">{t('message.route.backwards')}</Badge>}
          </div>
          <div class="soft"><Time at={hop.date} whole /> {hop.delay !== null && hop.delay > 0 && `+${duration(hop.delay)}`}</div>
        </li>
      ))}
    </ol>
  );
}

function Headers({ message }: { message: Message }) {
  const [raw, setRaw] = useState(false);
  const entered = message.authentication?.entered?.hop ?? null;
  return (
    <div class="stack wide">
      {message.authentication?.summary && <Note title={t('message.authentication')}>{message.authentication.summary}</Note>}
      {message.received && message.received.length > 0 && <section class="stack"><h3>{t('message.route')}</h3><Route hops={message.received} entered={entered} /></section>}
      <section class="stack">
        <div class="row apart"><h3>{t('message.headers')}</h3><label class="check"><input type="checkbox" checked={raw} onChange={() => setRaw(!raw)} />{t('message.headers.raw')}</label></div>
        <div class="table"><table><tbody>
          {message.headers?.map((header, i) => <tr key={i}><th scope="row" class="nowrap">{header.name}</th><td><code class="break">{raw ? header.raw ?? header.value : header.value}</code></td></tr>)}
        </tbody></table></div>
      </section>
    </div>
  );
}

function Findings({ message }: { message: Message }) {
  if (!message.findings?.length) return <Empty title={t('message.findings.none')} />;
  return <ul class="stack">{message.findings.map((one, i) => <li key={i}><Note tone="moderate"><strong>{one.detail}</strong><div class="soft"><code>{one.id}</code>{one.where && <> · {one.where}</>}</div></Note></li>)}</ul>;
}

export function MessageView({ breakdown, bodies, vip = false }: { breakdown: Breakdown; bodies: boolean; vip?: boolean }) {
  const { message } = breakdown;
  const [view, setView] = useState<View>('seen');
  const count = (n: number | undefined) => (n ? ` ${n}` : '');
  const tabs: { value: View; words: string }[] = [
    { value: 'seen', words: t('message.seen') },
    { value: 'text', words: t('message.text') },
    { value: 'links', words: t('message.links') + count(message.links?.length) },
    { value: 'attachments', words: t('message.attachments') + count(message.attachments?.length) },
    { value: 'headers', words: t('message.headers') },
    { value: 'findings', words: t('message.findings') + count(message.findings?.length) },
  ];
  return (
    <div class="stack">
      <dl class="facts">
        <dt>{t('message.from')}</dt><dd><People people={message.from} /></dd>
        {message.reply_to.length > 0 && <><dt>{t('message.replyto')}</dt><dd><People people={message.reply_to} /></dd></>}
        <dt>{t('message.to')}</dt><dd><People people={[...message.to, ...message.cc]} /></dd>
        <dt>{t('message.date')}</dt><dd><Time at={message.date} whole /></dd>
        <dt>{t('message.subject')}</dt><dd><strong>{message.subject}</strong></dd>
      </dl>
      <Tabs label={t('message.title')} tabs={tabs} value={view} onChange={setView} />
      <div role="tabpanel">
        {!bodies && (view === 'seen' || view === 'text') ? <Note>{t(vip ? 'message.vip' : 'message.nobodies')}</Note>
          : view === 'seen' ? (message.html ? <Frame html={message.html} /> : <pre class="plain">{message.text || t('message.empty')}</pre>)
          : view === 'text' ? <pre class="plain">{message.text ?? message.shown ?? t('message.empty')}</pre>
          : view === 'links' ? <Links links={message.links ?? []} />
          : view === 'attachments' ? (message.attachments?.length ? <Attachments attachments={message.attachments} /> : <Empty title={t('message.attachments.none')} />)
          : view === 'headers' ? <Headers message={message} />
          : <Findings message={message} />}
      </div>
    </div>
  );
}
