// A real OpenID provider for tests: node provider.mjs PEERS REDIRECT, where PEERS holds its packages and REDIRECT is where it
// sends browsers back to. It prints {"issuer", "port"} when it listens, and ends with its standard input.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [peers, redirect] = process.argv.slice(2);
const need = createRequire(join(peers, 'package.json'));
const { default: Provider } = await import(pathToFileURL(need.resolve('oidc-provider')));

/** Everybody's password is "right". */
const people = {
  ada: { name: 'Ada Byrne', email: 'ada@corp.example', groups: ['everybody', 'soc'] },
  bo: { name: 'Bo Okafor', email: 'bo@corp.example', groups: ['everybody'] },
  cy: { name: 'Cy Lund', email: 'cy@corp.example', groups: ['everybody', 'soc', 'leavers'] },
  di: { name: 'Di Rossi', email: 'di@elsewhere.example', groups: ['everybody', 'soc'] },
  ed: { name: 'Ed Marsh', email: 'ed@corp.example', groups: ['everybody', 'leads'], unverified: true },
  mara: { name: 'Mara Lindqvist', email: 'mara@corp.example', groups: ['everybody', 'soc'] },
};

const server = createServer((request, response) => handler(request, response));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;

const client = (id, more) => ({ client_id: id, redirect_uris: [redirect], post_logout_redirect_uris: [new URL('/', redirect).href], response_types: ['code'], grant_types: ['authorization_code'], ...more });
const provider = new Provider(issuer, {
  clients: [
    client('trawl', { client_secret: 'a secret of the tests, long enough', token_endpoint_auth_method: 'client_secret_basic' }),
    client('trawl-post', { client_secret: 'another: with & and + in it, too', token_endpoint_auth_method: 'client_secret_post' }),
    client('trawl-public', { token_endpoint_auth_method: 'none' }),
    client('trawl-ps', { client_secret: 'a third one, for another signature', id_token_signed_response_alg: 'ES256' }),
  ],
  jwks: { keys: await keys() },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true, methods: ['S256'] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
  findAccount: (_, sub) => people[sub] && { accountId: sub, claims: () => ({ sub, preferred_username: sub, name: people[sub].name, email: people[sub].email, email_verified: !people[sub].unverified, groups: people[sub].groups }) },
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    return grant;
  },
  renderError: (context, out) => { context.type = 'text'; context.body = JSON.stringify(out); },
});
provider.on('server_error', (_, error) => console.error(error));

async function keys() {
  const { generateKeyPairSync } = await import('node:crypto');
  const one = (type, options, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg });
  return [one('rsa', { modulusLength: 2048 }, 'RS256'), one('ec', { namedCurve: 'P-256' }, 'ES256')];
}

const page = (uid, said = '') => `<!doctype html><html lang="en"><title>Corp login</title><h1>Corp login</h1><p role="alert">${said}</p>
<form method="post" action="/login/${uid}"><label>Name <input name="login"></label> <label>Password <input name="password" type="password"></label> <button>Go on</button></form>
<form method="post" action="/login/${uid}"><input type="hidden" name="no" value="1"><button>Not me</button></form></html>`;

async function login(request, response, uid) {
  if (request.method === 'GET') return response.writeHead(200, { 'content-type': 'text/html' }).end(page(uid));
  let body = '';
  for await (const piece of request) body += piece;
  const form = new URLSearchParams(body);
  if (form.get('no')) return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'said no' });
  const name = form.get('login');
  if (!people[name] || form.get('password') !== 'right') return response.writeHead(200, { 'content-type': 'text/html' }).end(page(uid, 'Wrong'));
  return provider.interactionFinished(request, response, { login: { accountId: name } });
}

const callback = provider.callback();
function handler(request, response) {
  const uid = /^\/login\/([\w-]+)$/.exec(request.url)?.[1];
  if (!uid) return callback(request, response);
  login(request, response, uid).catch((error) => response.writeHead(500).end(String(error)));
}

console.log(JSON.stringify({ issuer, port }));
process.stdin.resume().on('end', () => process.exit(0));
