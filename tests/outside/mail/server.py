"""A mail server as strict as one on the Internet: it wants a login, shown over TLS alone, and may refuse a sender.

server.py PORT MAILBOX CERTIFICATE LOGIN REFUSED, where `-` is for none: a file of a certificate and its key, `user:password`,
and the sender who is refused.
"""
import asyncio
import ssl
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult

PORT, MAILBOX, CERTIFICATE, LOGIN, REFUSED = sys.argv[1:6]


class Strict(Mailbox):
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address == REFUSED:
            return "553 5.7.1 Sender address rejected"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"


def knows(server, session, envelope, mechanism, data):
    shown = f"{data.login.decode()}:{data.password.decode()}"
    return AuthResult(success=shown == LOGIN, handled=False)


async def serve():
    context = None
    if CERTIFICATE != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    handler = Strict(MAILBOX)
    login = {"authenticator": knows, "auth_required": True, "auth_require_tls": True} if LOGIN != "-" else {}
    protocol = lambda: SMTP(handler, tls_context=context, require_starttls=context is not None, **login)
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", int(PORT))
    await server.serve_forever()


asyncio.run(serve())
