// Hostile HTML as a picture of itself: everything that could run, load, send or lead away is taken out.
//
// This is one of two guards, and each has to hold without the other: what comes out of here goes into a frame without
// scripts, whose own policy lets nothing load (static/frame.html, src/api/console.c).
import DOMPurify from 'dompurify';

/** Attributes whose value a browser would fetch, follow or run. */
const leading = ['href', 'src', 'srcset', 'action', 'formaction', 'background', 'poster', 'data', 'cite', 'longdesc', 'usemap', 'ping',
  'xlink:href', 'target', 'download', 'http-equiv', 'autofocus', 'tabindex', 'name', 'id', 'for', 'form', 'lowsrc', 'dynsrc', 'manifest', 'classid', 'codebase'];

const picture = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[a-z0-9+/=\s]+$/i;

/** CSS that fetches nothing, and lays nothing over what is around it. */
export function withoutFetches(css: string): string {
  const plain = css.replace(/\\([0-9a-f]{1,6})\s?/gi, (_, code: string) => String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff) || 0xfffd)).replace(/\/\*[\s\S]*?(?:\*\/|$)/g, '');
  return plain.split(';').filter((rule) => !/url|image-set|@import|expression|-moz-binding|behavior|src\s*\(|position\s*:\s*(?:fixed|sticky)/i.test(rule)).join(';');
}

/** @inside the frame's own window: what is parsed there is under the frame's policy. */
export function sanitise(html: string, inside: Window): { html: string; blocked: number } {
  const clean = DOMPurify(inside as unknown as Parameters<typeof DOMPurify>[0]);
  clean.addHook('uponSanitizeAttribute', (element, data) => {
    const name = data.attrName.toLowerCase();
    if (name === 'href' && element.nodeName === 'A') element.setAttribute('title', data.attrValue.slice(0, 2000));
    if (name === 'src' && element.nodeName === 'IMG' && picture.test(data.attrValue)) return;
    if (leading.includes(name)) data.keepAttr = false;
    if (name === 'style') data.attrValue = withoutFetches(data.attrValue);
  });
  const remote = html.match(/(?:src|background|poster)\s*=\s*["']?\s*(?:https?:)?\/\//gi)?.length ?? 0;
  const out = clean.sanitize(html, {
    RETURN_TRUSTED_TYPE: false,
    WHOLE_DOCUMENT: false,
    FORBID_TAGS: ['style', 'link', 'meta', 'base', 'form', 'input', 'button', 'select', 'textarea', 'option', 'iframe', 'frame', 'object', 'embed', 'applet',
      'audio', 'video', 'source', 'track', 'svg', 'math', 'template', 'dialog', 'slot', 'portal', 'marquee', 'map', 'area', 'script', 'noscript'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
  });
  return { html: out, blocked: remote };
}
