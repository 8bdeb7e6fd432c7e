// The header block of a message: in groups by what it is good for, or as it stood.
import { useState } from 'preact/hooks';
import type { Hop, Message } from '../base/breakdown';
import { fieldPlace, type findingsByPlace } from '../base/findings';
import { duration } from '../base/time';
import { t, word } from '../i18n';
import { Badge, Empty, Note, Time } from './basics';
import { Marks, Strange } from './marks';

type Header = NonNullable<Message['headers']>[number];
export type Found = ReturnType<typeof findingsByPlace>;

/** The first pattern that fits a name in lower case says where it belongs. */
const groups: [string, RegExp][] = [
  ['authentication', /^(?:authentication-results|arc-|dkim-|domainkey-|received-spf|x-google-dkim|x-ms-exchange-authentication|x-original-authentication|x-spf|x-dmarc|bimi-|vbr-)/],
  ['route', /^(?:received|x-received|return-path|delivered-to|envelope-to|x-envelope|x-original-to|x-originating|x-forwarded|x-rcpt|resent-|x-sender-ip|x-client-ip|via$)/],
  ['people', /^(?:from|sender|reply-to|to|cc|bcc|subject|date|message-id|in-reply-to|references|thread-|organization|x-sender|importance|priority|x-priority|disposition-notification-to|return-receipt-to|comments|keywords)/],
  ['list', /^(?:list-|precedence|auto-submitted|x-auto|feedback-id|errors-to|mailing-list|x-mailing|x-campaign|x-csa|x-mc-|x-sg-|x-ses|x-mailgun|x-bulk|x-loop|x-feedback)/],
  ['tools', /^(?:x-phish|x-knowbe4|x-cofense|x-report|x-hoxhunt|x-proofpoint|x-pm|x-mimecast|x-barracuda|x-ironport|x-cisco|x-forefront|x-microsoft|x-ms-|x-exchange|x-eop|x-spam|x-virus|x-rspam|x-sophos|x-trend|x-fireeye|x-symantec|x-brightmail|x-messagelabs|x-gm-|x-google|x-amavis|x-clam|x-antivirus|x-scanned|x-barracuda|x-titan|x-hornet|x-vade|x-cloud)/],
];
const order = ['people', 'route', 'authentication', 'list', 'tools', 'rest'];

export const groupOf = (name: string): string => groups.find(([, pattern]) => pattern.test(name.toLowerCase()))?.[0] ?? 'rest';

export function Route({ hops, entered }: { hops: Hop[]; entered: number | null }) {
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

function Row({ header, raw, found, first }: { header: Header; raw: boolean; found: Found; first: boolean }) {
  const [own, setOwn] = useState(false);
  const differs = header.raw !== undefined && header.raw.replace(/\s+/g, ' ').trim() !== header.value;
  const asItStood = raw || own;
  const place = fieldPlace(header.name);
  return (
    <tr data-place={first ? place.key : undefined}>
      <th scope="row">{header.name} {first && <Marks findings={found(place)} />}</th>
      <td>
        <code class="break">{asItStood ? header.raw ?? header.value : <Strange text={header.value} />}</code>
        {differs && !raw && <> <button type="button" class="link" aria-pressed={own} aria-label={t(own ? 'message.headers.decode.one' : 'message.headers.raw.one', { name: header.name })} onClick={() => setOwn(!own)}>{t(own ? 'message.headers.decode' : 'message.headers.coded')}</button></>}
      </td>
    </tr>
  );
}

function Rows({ headers, raw, found }: { headers: Header[]; raw: boolean; found: Found }) {
  const seen = new Set<string>();
  const isFirst = ({ name }: Header) => {
    const known = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    return !known;
  };
  return <div class="table headers"><table><tbody>{headers.map((header, i) => <Row key={i} header={header} raw={raw} found={found} first={isFirst(header)} />)}</tbody></table></div>;
}

function Groups({ headers, raw, found, missing }: { headers: Header[]; raw: boolean; found: Found; missing: string[] }) {
  return (
    <>
      {order.map((group) => ({ group, rows: headers.filter(({ name }) => groupOf(name) === group), gone: missing.filter((name) => groupOf(name) === group) }))
        .filter(({ rows, gone }) => rows.length > 0 || gone.length > 0)
        .map(({ group, rows, gone }) => (
          <details key={group} class="group" open>
            <summary><h4>{word('headers', group)}</h4> <span class="soft">{rows.length}</span></summary>
            {gone.map((name) => <p key={name} data-place={fieldPlace(name).key} class="row"><span class="soft">{t('message.headers.missing', { name })}</span><Marks findings={found(fieldPlace(name))} /></p>)}
            {rows.length > 0 && <Rows headers={rows} raw={raw} found={found} />}
          </details>
        ))}
    </>
  );
}

const expected = ['From', 'Date', 'Subject', 'Message-ID', 'To', 'Received'];

export function Headers({ message, found }: { message: Message; found: Found }) {
  const [raw, setRaw] = useState(false);
  const [asSent, setAsSent] = useState(false);
  const [filter, setFilter] = useState('');
  const all = message.headers ?? [];
  const wanted = filter.trim().toLowerCase();
  const headers = all.filter(({ name, value }) => !wanted || name.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted));
  const has = new Set(all.map(({ name }) => name.toLowerCase()));
  const missing = wanted ? [] : expected.filter((name) => !has.has(name.toLowerCase()) && found(fieldPlace(name)).length > 0);
  const entered = message.authentication?.entered?.hop ?? null;
  return (
    <div class="stack wide">
      {message.authentication?.summary && <Note title={t('message.authentication')}>{message.authentication.summary}</Note>}
      {message.received && message.received.length > 0 && <section class="stack"><h3>{t('message.route')}</h3><Route hops={message.received} entered={entered} /></section>}
      <section class="stack">
        <div class="row apart">
          <h3>{t('message.headers')}</h3>
          <div class="row">
            <input class="input narrow" type="search" aria-label={t('message.headers.filter')} placeholder={t('message.headers.filter')} value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
            <label class="check"><input type="checkbox" checked={asSent} onChange={() => setAsSent(!asSent)} />{t('message.headers.order')}</label>
            <label class="check"><input type="checkbox" checked={raw} onChange={() => setRaw(!raw)} />{t('message.headers.raw')}</label>
          </div>
        </div>
        <p class="visually-hidden" role="status">{wanted && t('message.headers.some', { n: headers.length })}</p>
        {headers.length === 0 && missing.length === 0 ? <Empty title={t('message.headers.none')} />
          : asSent ? <Rows headers={headers} raw={raw} found={found} /> : <Groups headers={headers} raw={raw} found={found} missing={missing} />}
      </section>
    </div>
  );
}
