// The peers of bench_reading: `node peer_reading.mjs MODULE LIST`, MODULE being mailparser or postal-mime.
// Takes apart each file of LIST and prints {"messages", "seconds"}: processor time, reading from disk aside.
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';

const [module, list] = process.argv.slice(2);
const peers = {
  async mailparser() {
    const { simpleParser } = await import('mailparser');
    return async (octets) => { // it hashes attachments by itself
      const mail = await simpleParser(octets, { skipTextToHtml: true, skipTextLinks: true });
      return [mail.from, mail.to, mail.subject, mail.text, mail.html, mail.attachments.length];
    };
  },
  async 'postal-mime'() {
    const { default: PostalMime } = await import('postal-mime');
    return async (octets) => {
      const mail = await PostalMime.parse(octets);
      const hashes = mail.attachments.map((a) => createHash('sha256').update(Buffer.from(a.content)).digest('hex'));
      return [mail.from, mail.to, mail.subject, mail.text, mail.html, hashes];
    };
  },
};

const read = await peers[module]();
const messages = readFileSync(list, 'utf8').split('\n').filter(Boolean).map((path) => readFileSync(path));
const before = process.cpuUsage();
let failed = 0;
for (const octets of messages) {
  try {
    await read(octets);
  } catch {
    failed++;
  }
}
const used = process.cpuUsage(before);
console.log(JSON.stringify({ messages: messages.length, failed, seconds: (used.user + used.system) / 1e6 }));
