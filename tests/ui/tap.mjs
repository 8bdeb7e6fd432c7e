// What node:test has to say as TAP of one level, which is what Meson and tools/count-tests read.
const indented = (text) => String(text).split('\n').map((line) => `# ${line}\n`).join('');

export default async function* tap(events) {
  let number = 0;
  for await (const { type, data } of events) {
    if (type === 'test:fail' || (type === 'test:pass' && data.nesting === 0)) {
      const skip = data.skip !== undefined && data.skip !== false ? ` # SKIP ${data.skip}` : '';
      yield `${type === 'test:pass' ? 'ok' : 'not ok'} ${++number} ${data.name.replaceAll('#', '')}${skip}\n`;
      yield `# ${(data.details.duration_ms / 1000).toFixed(2)} s\n`;
      const error = data.details.error;
      if (type === 'test:fail') yield indented(error?.cause?.stack ?? error?.cause ?? error?.stack ?? error);
    } else if (type === 'test:diagnostic' && data.nesting > 0) yield indented(data.message);
  }
  yield `1..${number}\n`;
}
