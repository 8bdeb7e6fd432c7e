// Pages that are not there from the beginning: a part of the console comes when one of its pages is asked for, or when there is time.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, Problem } from '../base/api';
import { Failed, Waiting } from '../components/basics';
import { t } from '../i18n';

const begins: (() => Promise<unknown>)[] = [];

type Part<P> = ComponentType<P> & { begin?: () => Promise<unknown> };

/** Says of each page of a part how it is found there. */
export function part<M>(load: () => Promise<M>): <P extends object>(pick: (part: M) => ComponentType<P>) => Part<P> {
  let here: M | undefined;
  let coming: Promise<M> | undefined;
  const begin = () => (coming ??= load().then((loaded) => (here = loaded), (error) => {
    coming = undefined;
    throw error;
  }));
  begins.push(begin);
  return <P extends object>(pick: (part: M) => ComponentType<P>): Part<P> => {
    function Later(props: P) {
      const [, draw] = useState(0);
      const [error, setError] = useState<unknown>();
      const missing = !here; // it may come before the effect is run
      useEffect(() => {
        if (missing) begin().then(() => draw(1), () => ask(() => setError(new Problem(-1, 'part', t('problem.part'), t('problem.part.hint')))));
      }, []);
      // the daemon is a newer one, and has no such part any more; or it is away, and will be back
      const ask = (answered: () => void) => api.get('/session').then(answered, setError);
      if (here) {
        const Page = pick(here);
        return <Page {...props} />;
      }
      return error ? <div class="page"><Failed error={error} retry={() => void ask(() => location.reload())} /></div> : <Waiting />;
    }
    return Object.assign(Later, { begin });
  };
}

/** The part that shows @page comes now, if it is not here yet. */
export function begin<P>(page: Part<P> | undefined): void {
  page?.begin?.().catch(() => undefined);
}

/** Whatever is not here yet comes now. */
export function beginAll(): void {
  for (const begin of begins) begin().catch(() => undefined);
}
