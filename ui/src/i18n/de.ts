import { common } from './de/common';
import { incidents } from './de/incidents';
import { login } from './de/login';

export const de = { ...common, ...incidents, ...login };
