import { common } from './en/common';
import { incidents } from './en/incidents';
import { login } from './en/login';

export const en = { ...common, ...incidents, ...login };
