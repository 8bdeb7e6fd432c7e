// Hostile HTML as a picture of itself: everything that could run, load, send or lead away is taken out.
//
// This is one of two guards, and each has to hold without the other: what comes out of here goes into a frame without
// scripts, whose own policy lets nothing load (static/frame.html, src/api/console.c).
import DOMPurify from 'dompurify';

/** Attributes whose value a browser would fetch, follow or run. */
const leading = ['href', 'src', 'srcset', 'action', 'formaction', 'background', 'poster', 'data', 'cite', 'longdesc', 'usemap', 'ping',
  'xlink:href', 'target', 'download', 'http-equiv', 'autofocus', 'tabindex', 'name', 'id', 'for', 'form', 'lowsrc', 'dynsrc', 'manifest', 'classid', 'codebase',
  'popover', 'popovertarget', 'popovertargetaction', 'slot', 'is', 'part', 'exportparts', 'nonce', 'contenteditable', 'accesskey'];

const picture = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[a-z0-9+/=\s]+$/i;

/** What CSS may call: everything that only reckons. What fetches has too many names, and new ones come. */
const reckoning = new Set(['rgb', 'rgba', 'hsl', 'hsla', 'hwb', 'lab', 'lch', 'oklab', 'oklch', 'color', 'calc', 'min', 'max', 'clamp', 'rect', 'inset',
  'translate', 'translatex', 'translatey', 'scale', 'scalex', 'scaley', 'rotate', 'linear-gradient', 'radial-gradient', 'repeat', 'minmax', 'fit-content']);

/** CSS that fetches nothing, and lays nothing over what is around it. The browser itself says what it understands, for what its
 *  letters mean after escapes, comments and variables is beyond any pattern. */
function withoutFetches(css: string, inside: Window): string {
  const { style } = inside.document.createElement('p');
  style.cssText = css;
  const kept: string[] = [];
  for (const property of style) {
    const value = style.getPropertyValue(property);
    const calls = value.match(/[^\s(),]*(?=\()/g) ?? [];
    if (!value || property.startsWith('--') || value.includes('\\') || !calls.every((name) => reckoning.has(name.toLowerCase()) || name === '')) continue;
    if (property === 'position' && !/^(?:static|relative)$/.test(value)) continue;
    kept.push(`${property}:${value}${style.getPropertyPriority(property) && '!important'}`);
  }
  return kept.join(';');
}

/** @inside the frame's own window: what is parsed there is under the frame's policy. */
export function sanitise(html: string, inside: Window): { html: string; blocked: number } {
  const clean = DOMPurify(inside as unknown as Parameters<typeof DOMPurify>[0]);
  clean.addHook('uponSanitizeAttribute', (element, data) => {
    const name = data.attrName.toLowerCase();
    if (name === 'href' && element.nodeName === 'A') element.setAttribute('title', data.attrValue.slice(0, 2000));
    if (name === 'src' && element.nodeName === 'IMG' && picture.test(data.attrValue)) return;
    if (leading.includes(name)) data.keepAttr = false;
    if (name === 'style') data.attrValue = withoutFetches(data.attrValue, inside);
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
