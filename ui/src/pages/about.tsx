// What is installed here, how it is doing, and what it is made of.
import { useEvery, useLoad } from '../base/load';
import { size } from '../base/breakdown';
import type { Health } from '../base/types';
import { Badge, Card, Failed, Note, Time, Waiting, type Tone } from '../components/basics';
import { t, word } from '../i18n';

const tones: Record<Health['status'], Tone> = { ok: 'good', degraded: 'moderate', failed: 'critical' };

/** What the program stands on, and under which terms; in the order of the alphabet. */
const licences: [string, string][] = [
  ['AGPL-3.0-or-later', 'Trawl'],
  ['Apache-2.0', 'gumbo'],
  ['Apache-2.0 / MPL-2.0', 'DOMPurify'],
  ['BSD', 'libarchive, libmagic, libzstd'],
  ['GPL', 'poppler'],
  ['ISC', 'libsodium'],
  ['LGPL', 'gdk-pixbuf, GLib, GMime, GnuTLS, libgsf, libidn2, libmicrohttpd, libseccomp, zbar'],
  ['MIT', 'c-ares, jansson, libcurl, libpsl, libxml2, libyaml, Preact, Preact Signals'],
  ['PostgreSQL', 'libpq'],
  ['Public domain', 'SQLite'],
];

export function About() {
  const health = useLoad<Health>('/health');
  useEvery(10, health.reload);
  const here = health.data;
  if (health.error && !here) return <div class="page"><Failed error={health.error} retry={health.reload} /></div>;
  if (!here) return <Waiting />;
  const { disk } = here;
  return (
    <div class="page">
      <div class="page-head"><h1>{t('nav.about')}</h1>{here.version && <span class="soft">{here.version}</span>}<Badge tone={tones[here.status]}><span class="dot" />{t(`about.${here.status}`)}</Badge></div>
      <div class="stack">
        {(here.problems ?? []).map((problem) => <Note key={problem} tone="major"><p>{problem}</p></Note>)}
        <div class="columns" style={{ alignItems: 'start' }}>
          <Card title={t('about.installation')}>
            <dl class="facts">
              <dt>{t('about.version')}</dt><dd>{here.version ?? '–'}</dd>
              <dt>{t('about.database')}</dt><dd>{here.database === 'postgresql' ? 'PostgreSQL' : here.database === 'sqlite' ? 'SQLite' : '–'}</dd>
              {disk && <><dt>{t('about.disk')}</dt><dd>{t('about.disk.of', { free: size(disk.available), total: size(disk.total) })}<div class="progress" aria-hidden="true"><i style={{ width: `${(100 * (disk.total - disk.available)) / disk.total}%` }} /></div></dd></>}
            </dl>
          </Card>
          <Card title={t('about.figures')}>
            <dl class="facts">
              {Object.entries(here.figures ?? {}).map(([name, value]) => [<dt key={name}>{word('figure', name)}</dt>, <dd key={`${name}-n`} class="num">{Number(value).toLocaleString()}</dd>])}
            </dl>
          </Card>
        </div>
        <Card title={t('about.nodes')} bare>
          <div class="table" style={{ border: 0 }}>
            <table>
              <thead><tr><th>{t('about.state')}</th><th>{t('about.role')}</th><th>{t('about.host')}</th><th>{t('about.started')}</th><th>{t('about.seen')}</th></tr></thead>
              <tbody>
                {(here.nodes ?? []).map((node) => (
                  <tr key={node.id}><td class="tight"><Badge tone={node.alive ? 'good' : 'plain'}>{t(node.alive ? 'about.alive' : 'about.gone')}</Badge></td><td>{word('node', node.role)}</td><td class="break">{node.host}</td><td><Time at={node.started_at} /></td><td><Time at={node.seen_at} /></td></tr>
                ))}
              </tbody>
            </table>
          </div>
        </Card>
        <Card title={t('about.licences')}>
          <div class="stack">
            <p>{t('about.licence')}</p>
            <dl class="facts">{licences.map(([licence, names]) => [<dt key={licence}>{licence}</dt>, <dd key={names}>{names}</dd>])}</dl>
            <p><a href="/v1/openapi.json" target="_blank" rel="noreferrer">{t('about.api')}</a></p>
          </div>
        </Card>
      </div>
    </div>
  );
}
