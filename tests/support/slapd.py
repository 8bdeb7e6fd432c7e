"""A real directory for tests: OpenLDAP's slapd, run by whoever runs the tests, with a small organisation in it."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SLAPD = shutil.which("slapd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
SUFFIX = "dc=corp,dc=example"
SERVICE = f"cn=trawl,ou=services,{SUFFIX}"
SERVICE_PASSWORD = "the service account's own"

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {run}/slapd.pid
TLSCACertificateFile {run}/ca.pem
TLSCertificateFile {run}/{certificate}.pem
TLSCertificateKeyFile {run}/key.pem
security simple_bind=128
database mdb
suffix "{suffix}"
rootdn "cn=root,{suffix}"
directory {run}/db
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.base="{service}" read by self read by anonymous auth by * none
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def person(uid, name, also=(), groups=()):
    """memberOf is written down, too: the overlay sees only what is changed later."""
    return {"dn": f"uid={uid},ou=people,{SUFFIX}", "objectClass": ["inetOrgPerson"], "uid": [uid, *also], "cn": name,
            "sn": name.split()[-1], "mail": f"{uid}@corp.example", "userPassword": "right",
            "memberOf": [f"cn={one},ou=groups,{SUFFIX}" for one in groups]}


def group(name, *members):
    return {"dn": f"cn={name},ou=groups,{SUFFIX}", "objectClass": ["groupOfNames"], "cn": name,
            "member": [f"uid={one},ou=people,{SUFFIX}" for one in members]}


def entries():
    units = [{"dn": f"ou={one},{SUFFIX}", "objectClass": ["organizationalUnit"], "ou": one} for one in ("people", "services", "groups")]
    return [{"dn": SUFFIX, "objectClass": ["dcObject", "organization"], "dc": "corp", "o": "Corp"}, *units,
            {"dn": SERVICE, "objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "trawl", "userPassword": SERVICE_PASSWORD},
            person("ada", "Ada Byrne", groups=["soc"]), person("bo", "Bo Okafor"), person("cy", "Cy Lund", groups=["soc", "leavers"]),
            person("odd", "Odd Name", ["o*d", "o(d)d"], ["soc"]), person("twin1", "Twin One", ["twin"], ["soc"]),
            person("twin2", "Twin Two", ["twin"], ["soc"]), group("soc", "ada", "cy", "odd"), group("leavers", "cy")]


def ldif(all_entries):
    lines = []
    for entry in all_entries:
        for name, values in entry.items():
            for value in values if isinstance(values, list) else [values]:
                lines.append(f"{name}: {value}")
        lines.append("")
    return "\n".join(lines) + "\n"


class Slapd:
    """Listens on two ports of this machine: plain with STARTTLS, and ldaps. @certificate as make-certificates names it."""

    def __init__(self, certificate="cert"):
        # libldap takes "localhost" for this machine's name, so the certificates are for its address
        self.run = tempfile.mkdtemp(prefix="trawl-slapd-")
        self.process = None
        try:
            self._start(certificate)
        except BaseException:
            self.close()
            raise

    def _start(self, certificate):
        os.mkdir(os.path.join(self.run, "db"))
        subprocess.run([os.path.join(HERE, "make-certificates"), self.run, "IP:127.0.0.1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.ca = os.path.join(self.run, "ca.pem")
        configuration = os.path.join(self.run, "slapd.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(run=self.run, suffix=SUFFIX, service=SERVICE, certificate=certificate))
        subprocess.run([SLAPD, "-Ta", "-f", configuration, "-w"], input=ldif(entries()), text=True, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        plain, tls = free_port(), free_port()
        self.starttls, self.ldaps = f"ldap://127.0.0.1:{plain}", f"ldaps://127.0.0.1:{tls}"
        self.process = subprocess.Popen([SLAPD, "-d", "0", "-f", configuration, "-h", f"{self.starttls} {self.ldaps}"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 15
        for port in (plain, tls):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > until or self.process.poll() is not None:
                        raise RuntimeError("slapd does not start") from None
                    time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def close(self):
        self.stop()
        shutil.rmtree(self.run, ignore_errors=True)
