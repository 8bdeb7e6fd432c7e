// A provider that lies: node hostile.mjs. It prints {"issuer"} when it listens, does what each line of its standard input says
// ({"lie": NAME, …}), answers each with a line, and ends with it.
//
// It lets everybody in at once, as "ada", and lies about that.
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const fresh = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const jwk = (pair, kid) => ({ ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig' });

let lie = 'none';
let asked = {};
const log = [];

const signed = (header, claims, key = own.privateKey) => {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key).toString('base64url')}`;
};

function token() {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'RS256', kid: 'own', typ: 'JWT' };
  const claims = { iss: issuer, sub: 'ada', aud: 'trawl', iat: now, exp: now + 300, nonce: asked.nonce, name: 'Ada', preferred_username: 'ada', email: 'ada@corp.example', email_verified: true, groups: ['soc'] };
  const text = (head, body = claims) => `${encode(head)}.${encode(body)}`;
  switch (lie) {
    case 'nonce': return signed(header, { ...claims, nonce: 'of another log-in' });
    case 'no nonce': return signed(header, { ...claims, nonce: undefined });
    case 'iss': return signed(header, { ...claims, iss: `${issuer}/` });
    case 'aud': return signed(header, { ...claims, aud: 'somebody-else' });
    case 'aud many': return signed(header, { ...claims, aud: ['trawl', 'somebody-else'] });
    case 'azp': return signed(header, { ...claims, aud: ['trawl', 'somebody-else'], azp: 'somebody-else' });
    case 'sub': return signed(header, { ...claims, sub: undefined });
    case 'expired': return signed(header, { ...claims, iat: now - 400, exp: now - 300 });
    case 'old': return signed(header, { ...claims, iat: now - 5000, exp: now + 5000 });
    case 'future': return signed(header, { ...claims, iat: now + 1000, exp: now + 5000 });
    case 'not before': return signed(header, { ...claims, nbf: now + 1000 });
    case 'no exp': return signed(header, { ...claims, exp: undefined });
    case 'alg none': return `${text({ alg: 'none' })}.`;
    case 'alg None': return `${text({ alg: 'None' })}.`;
    case 'unsigned': return `${text(header)}.`;
    case 'hs256': {
      const pem = own.publicKey.export({ type: 'spki', format: 'pem' });
      return `${text({ alg: 'HS256', kid: 'own' })}.${createHmac('sha256', pem).update(text({ alg: 'HS256', kid: 'own' })).digest('base64url')}`;
    }
    case 'other key': return signed(header, claims, other.privateKey);
    case 'unknown kid': return signed({ ...header, kid: 'nobody' }, claims, other.privateKey);
    case 'own jwk': return signed({ ...header, kid: 'mine', jwk: jwk(other, 'mine') }, claims, other.privateKey);
    case 'jku': return signed({ ...header, kid: 'mine', jku: `${issuer}/other-keys` }, claims, other.privateKey);
    case 'crit': return signed({ ...header, crit: ['exp'] }, claims);
    case 'weak': return signed({ ...header, kid: 'weak' }, claims, weak.privateKey);
    case 'changed': { const [a, , c] = signed(header, claims).split('.'); return `${a}.${encode({ ...claims, sub: 'root' })}.${c}`; }
    case 'garbage': return 'nothing.of.sense';
    case 'no kid': return signed({ alg: 'RS256' }, claims);
    case 'rotated': return signed({ ...header, kid: 'fresh' }, claims, fresh.privateKey);
    case 'many groups': return signed(header, { ...claims, groups: undefined, _claim_names: { groups: 'src1' } });
    case 'somebody else': return signed(header, { ...claims, groups: undefined, email: undefined });
    default: return signed(header, claims);
  }
}

function answer(url, body, response) {
  const json = (value, status = 200) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  switch (url.pathname) {
    case '/.well-known/openid-configuration':
      return json({ issuer: lie === 'issuer' ? 'https://login.bank.example' : issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: lie === 'plain' ? 'http://login.bank.example/token' : `${issuer}/token`, jwks_uri: `${issuer}/keys`, userinfo_endpoint: `${issuer}/me`, response_types_supported: ['code'], ...(lie === 'mix-up' && { authorization_response_iss_parameter_supported: true }) });
    case '/keys': return json({ keys: [jwk(own, 'own'), jwk(weak, 'weak'), ...(lie === 'rotated' ? [jwk(fresh, 'fresh')] : [])] });
    case '/other-keys': return json({ keys: [jwk(other, 'mine')] });
    case '/auth': {
      asked = Object.fromEntries(url.searchParams);
      const back = new URL(asked.redirect_uri);
      back.search = new URLSearchParams({ code: `code-${log.length}`, state: asked.state });
      return response.writeHead(303, { location: back.href }).end();
    }
    case '/token':
      if (lie === 'slow') return undefined;
      if (lie === 'huge') return json({ id_token: 'x'.repeat(1_000_000) });
      return lie === 'no token' ? json({ access_token: 'x' }) : json({ id_token: token(), access_token: 'x', token_type: 'Bearer' });
    case '/me': return json({ sub: 'root', groups: ['soc', 'leads'], email: 'root@corp.example', email_verified: true });
    default: return json({}, 404);
  }
}

const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  log.push(`${request.method} ${request.url.split('?')[0]}`);
  answer(new URL(request.url, issuer), body, response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
  lie = JSON.parse(line).lie;
  console.log(JSON.stringify({ log: log.splice(0) }));
}
process.exit(0);
