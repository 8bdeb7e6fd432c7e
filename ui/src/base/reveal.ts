// What a page hides from its reader, shown in the page itself.
import { codeOf, isInvisible, pieces, type Oddity } from './oddities';

const faint = 24; // of 255: letters that differ less from what is behind them are not seen
const small = 2; // pixels
const most = 500; // pieces of hidden text

type Colour = [number, number, number, number];

function colourOf(css: string): Colour {
  const [r = 0, g = 0, b = 0, a = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b, a];
}

function behind(element: Element, view: Window): Colour {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const { backgroundColor, backgroundImage } = view.getComputedStyle(at);
    const colour = colourOf(backgroundColor);
    if (backgroundImage !== 'none') return [-1, -1, -1, 1]; // a picture: nobody knows
    if (colour[3] > 0) return colour;
  }
  return [255, 255, 255, 1];
}

function isHidden(element: HTMLElement, view: Window): boolean {
  const style = view.getComputedStyle(element);
  if (style.display === 'none' || style.visibility !== 'visible' || Number(style.opacity) < 0.1) return true;
  if (parseFloat(style.fontSize) < small || parseFloat(style.textIndent) < -300) return true;
  const box = element.getBoundingClientRect();
  if (style.overflow !== 'visible' && style.display !== 'inline' && (box.height < small || box.width < small)) return true;
  const [letters, ground] = [colourOf(style.color), behind(element, view)];
  return letters[3] < 0.1 || [0, 1, 2].every((i) => Math.abs(letters[i]! - ground[i]!) < faint);
}

/** The outermost elements whose text is not to be seen. */
export function hiddenIn(body: HTMLElement, view: Window): HTMLElement[] {
  const found: HTMLElement[] = [];
  const look = (element: HTMLElement): void => {
    if (found.length >= most || !element.textContent?.trim()) return;
    if (isHidden(element, view) && ![...element.querySelectorAll<HTMLElement>('*')].some((inner) => inner.textContent?.trim() && !isHidden(inner, view))) found.push(element);
    else for (const child of element.children) look(child as HTMLElement);
  };
  for (const child of body.children) look(child as HTMLElement);
  return found;
}

function markText(node: Text, words: (odd: Oddity) => string): number {
  const parts = pieces(node.data);
  const odd = parts.filter((one) => one.odd).length;
  if (!odd) return 0;
  node.replaceWith(...parts.map((one) => {
    if (!one.odd) return one.text;
    const mark = node.ownerDocument.createElement('mark');
    mark.title = words(one.odd);
    mark.textContent = isInvisible(one.odd) ? codeOf(one.text) : one.text;
    return mark;
  }));
  return odd;
}

/** Marks and shows all of it; how many places there are. @words say what is odd. */
export function reveal(body: HTMLElement, view: Window, words: (odd: Oddity | 'hidden') => string): number {
  const hidden = hiddenIn(body, view);
  for (const element of hidden) {
    element.classList.add('trawl-hidden');
    element.title = words('hidden');
  }
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  return texts.reduce((sum, text) => sum + markText(text, words), hidden.length);
}

/** Over what the page says of itself. */
export const revealing = '.trawl-hidden,.trawl-hidden *{display:revert!important;visibility:visible!important;opacity:1!important;font-size:13px!important;line-height:1.4!important;color:#17202b!important;background:#fdf3cf!important;text-indent:0!important;max-height:none!important;max-width:none!important;height:auto!important;width:auto!important;overflow:visible!important}'
  + '.trawl-hidden{outline:2px dashed #7a5200!important;outline-offset:1px}mark{background:#fdf3cf;color:#17202b;outline:1px solid #7a5200}';
