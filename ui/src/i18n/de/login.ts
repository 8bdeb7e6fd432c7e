import type { login as source } from '../en/login';

export const login: Record<keyof typeof source, string> = {
  'login.title': 'Anmelden',
  'login.name': 'Benutzername',
  'login.password': 'Passphrase',
  'login.code': 'Code',
  'login.code.hint': 'Die sechs Ziffern aus der Authenticator-App oder einer Ihrer Ersatzcodes',
  'login.do': 'Anmelden',
  'login.oidc': 'Mit {name} anmelden',
  'login.wrong': 'Das passt nicht zusammen, oder das Konto ist gesperrt',
  'setup.title': 'Willkommen bei Trawl',
  'setup.hint': 'Hier entsteht der erste Administrator. Der Link, den der Dienst ausgegeben hat, gilt einmal.',
  'setup.name': 'Benutzername',
  'setup.display': 'Ihr Name',
  'setup.password': 'Passphrase',
  'setup.password.hint': 'Mindestens 12 Zeichen; einige Wörter merkt man sich leicht und errät sie schwer',
  'setup.again': 'Passphrase, noch einmal',
  'setup.differ': 'Die beiden sind verschieden',
  'setup.do': 'Los geht’s',
  'setup.gone': 'Dieser Link ist verbraucht oder abgelaufen',
  'setup.gone.hint': 'Einen neuen gibt, als Benutzer des Dienstes: trawl user setup-link',
};
