// What a mail server's form asks for. The API says it in English, for kinds to come as well; here it is in other languages,
// as far as the member is known.
import { language } from '.';
import type { KindMember } from '../base/types';

const translated: Record<string, Record<string, { title: string; help: string }>> = {
  de: {
    host: { title: 'Host', help: 'Name des IMAP-Servers' },
    port: { title: 'Port', help: '993, oder 143 mit starttls, wenn nichts dasteht' },
    tls: { title: 'TLS', help: 'implicit (wenn nichts dasteht) oder starttls; unverschlüsselt wird nie etwas gesendet' },
    ca_file: { title: 'CA-Datei', help: 'PEM-Datei einer Zertifizierungsstelle, die das System nicht kennt' },
    login: { title: 'Anmeldung', help: 'Wie ein Postfach erreicht wird: master (user*master, wie bei Dovecot), authzid (SASL PLAIN für einen anderen, wie bei Cyrus), user (ein Postfach mit eigenem Passwort)' },
    master_user: { title: 'Masterbenutzer', help: 'Der Benutzer, der jedes Postfach öffnen darf; nötig außer bei login=user' },
    master_separator: { title: 'Trennzeichen', help: 'Was zwischen Benutzer und Masterbenutzer steht; * wenn nichts dasteht' },
    user_name: { title: 'Benutzername', help: 'Wie der Server einen Benutzer nennt: address (wenn nichts dasteht) oder local_part' },
    connections: { title: 'Verbindungen', help: 'Höchstens so viele zugleich' },
    commands_per_minute: { title: 'Befehle je Minute', help: 'Höchstens so viele; 0: ohne Grenze' },
    domains: { title: 'Domains', help: 'Wessen Postfächer hier liegen, etwa corp.example; alle, wenn nichts dasteht' },
    quarantine_mailbox: { title: 'Quarantänepostfach', help: 'Adresse des Postfachs auf diesem Server, in das Kopien geholt werden; ohne sie wird nichts geholt' },
    quarantine_folder: { title: 'Quarantäneordner', help: 'Der Ordner darin; wird angelegt, wenn er fehlt; INBOX, wenn nichts dasteht' },
    path: { title: 'Pfad', help: 'Muster für das Maildir eines Benutzers, etwa /srv/mail/%d/%n/Maildir: %u ist die Adresse, %n was vor dem @ steht, %d die Domain' },
    password: { title: 'Passwort', help: 'Des Masterbenutzers, oder bei login=user des Postfachs' },
  },
};

export function memberTitle(member: KindMember): string {
  return translated[language.value]?.[member.name]?.title ?? member.title;
}

export function memberHelp(member: KindMember): string {
  return translated[language.value]?.[member.name]?.help ?? member.help.charAt(0).toUpperCase() + member.help.slice(1);
}
