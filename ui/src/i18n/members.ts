// What the form of a mail server or an identity provider asks for. The API says it in English, for kinds to come as well; here it is in other languages,
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
    issuer: { title: 'Aussteller', help: 'Adresse des Anbieters, genau wie er sich selbst nennt, etwa https://login.corp.example/realms/staff' },
    client_id: { title: 'Client-ID', help: 'Als was Trawl dort eingetragen ist' },
    console_url: { title: 'Adresse der Konsole', help: 'Wo die Browser der Leute diese Konsole finden, etwa https://trawl.corp.example; beim Anbieter ist <diese>/sign-on/callback einzutragen' },
    scopes: { title: 'Scopes', help: 'Worum gebeten wird; openid profile email, wenn nichts dasteht' },
    name_claim: { title: 'Claim für den Namen', help: 'Welcher Claim zum Benutzernamen eines neuen Kontos wird; preferred_username, wenn nichts dasteht' },
    role_claim: { title: 'Claim für Gruppen', help: 'Welcher Claim Gruppen oder Rollen enthält; Punkte führen in Objekte, wie in realm_access.roles; groups, wenn nichts dasteht' },
    email_trust: { title: 'Geglaubte E-Mail-Adressen', help: 'Geprüfte (wenn nichts dasteht): Nur Adressen zählen, die der Anbieter geprüft nennt; alle: Er prüft bekanntlich jede' },
    logout: { title: 'Auch dort abmelden', help: 'Ja: Wer sich von Trawl abmeldet, wird zum Anbieter geschickt, um sich auch dort abzumelden; nein, wenn nichts dasteht' },
    create_accounts: { title: 'Neue Konten', help: 'Ja: Wer hier eine Rolle bekommt und kein Konto hat, bekommt bei der ersten Anmeldung eines; nein (wenn nichts dasteht): Konten legt ein Administrator an' },
    link_accounts: { title: 'Bekannte Konten', help: 'Woran bei der ersten Anmeldung ein Konto ohne Passphrase erkannt wird, das es schon gibt; nein (wenn nichts dasteht): gar nicht' },
    email_domains: { title: 'E-Mail-Domains', help: 'Wessen Adressen sich anmelden dürfen, etwa corp.example; alle, wenn nichts dasteht' },
    roles: { title: 'Rollen nach Gruppe', help: 'Gruppe=Rolle, etwa soc-analysts=analyst; die erste Zeile, die passt, gilt' },
    default_role: { title: 'Rolle ohne Gruppe', help: 'Die Rolle für alle, die in keiner dieser Gruppen sind; wenn nichts dasteht, meldet sich ohne Gruppe niemand an' },
    refused_groups: { title: 'Abgewiesene Gruppen', help: 'Wer in einer davon ist, meldet sich nicht an' },
    client_secret: { title: 'Client-Secret', help: 'Das der Anbieter Trawl gegeben hat; keines bei einem öffentlichen Client' },
    url: { title: 'Adresse', help: 'ldaps://ldap.corp.example, oder ldap://… für STARTTLS; unverschlüsselt wird nie etwas gesendet' },
    bind_dn: { title: 'Dienstkonto', help: 'DN, unter dem Leute gesucht werden, etwa cn=trawl,ou=services,dc=corp,dc=example; nicht zusammen mit einem DN-Muster' },
    base: { title: 'Suchbasis', help: 'Unter der Leute gesucht werden, etwa ou=people,dc=corp,dc=example' },
    filter: { title: 'Suchfilter', help: 'Findet genau eine Person; {name} ist, was eingetippt wurde; (uid={name}), wenn nichts dasteht' },
    dn_template: { title: 'DN-Muster', help: 'Statt einer Suche: uid={name},ou=people,dc=corp,dc=example' },
    id_attribute: { title: 'Attribut für die Kennung', help: 'Was sich an einer Person nie ändert; entryUUID, wenn nichts dasteht, objectGUID bei Active Directory' },
    name_attribute: { title: 'Attribut für den Namen', help: 'Wird zum Benutzernamen eines neuen Kontos; uid, wenn nichts dasteht, sAMAccountName bei Active Directory' },
    display_attribute: { title: 'Attribut für den Anzeigenamen', help: 'Wie jemand heißt; cn, wenn nichts dasteht' },
    email_attribute: { title: 'Attribut für die E-Mail-Adresse', help: 'mail, wenn nichts dasteht' },
    group_attribute: { title: 'Attribut für Gruppen', help: 'Nennt an einer Person die Gruppen; memberOf, wenn nichts dasteht' },
    group_base: { title: 'Gruppenbasis', help: 'Unter der Gruppen gesucht werden, wo Personen kein solches Attribut haben' },
    group_filter: { title: 'Gruppenfilter', help: 'Findet die Gruppen einer Person; {dn} ist die Person; (member={dn}), wenn nichts dasteht' },
    bind_password: { title: 'Passwort des Dienstkontos', help: 'Womit das Dienstkonto sich anmeldet' },
  },
};

/** A form shows what is needed by itself. */
const plain = (help: string) => help.charAt(0).toUpperCase() + help.slice(1).replace(/; needed$/, '');

export function memberTitle(member: KindMember): string {
  return translated[language.value]?.[member.name]?.title ?? member.title;
}

export function memberHelp(member: KindMember): string {
  return translated[language.value]?.[member.name]?.help ?? plain(member.help);
}
