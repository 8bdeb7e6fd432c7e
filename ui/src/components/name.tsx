// What people and subjects are called, however long that is: a part of it where there is no room, the whole for who stays on it.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { actorName } from '../base/people';

/** @whole: a name that somebody has chosen. */
export function Name({ whole }: { whole: string }) {
  return <bdi class="name" title={whole}>{whole}</bdi>;
}

/** Who did something, as the audit log has it. */
export function Actor({ actor }: { actor: string }) {
  return <Name whole={actorName(actor)} />;
}

/** The heading of a page about one thing. Where not all of it is shown, the keyboard reaches it and unfolds it. */
export function Title({ whole }: { whole: string }) {
  const element = useRef<HTMLHeadingElement>(null);
  const [isCut, setCut] = useState(false);
  useLayoutEffect(() => {
    const { current } = element;
    if (current && document.activeElement !== current) setCut(current.scrollHeight > current.clientHeight + 1);
  });
  return <h1 class="break" ref={element} title={whole} tabIndex={isCut ? 0 : undefined}>{whole}</h1>;
}
