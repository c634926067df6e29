"""A pager that is a mail.

Source: spec/paging.md, "Mail"; RFC 5321; RFC 3207.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from datetime import UTC, datetime
from email.message import EmailMessage

from nodes.pagers.errors import PagerFailed
from nodes.pagers.terms import MailTerms
from nodes.pagers.tls import context_of, secret_of
from nodes.pagers.webhook import cut


class Mail:
    """One mail. `stop` ends the conversation from another thread.

    Args:
        terms: of the pager.
        limit_s: for the whole conversation.
    """

    def __init__(self, terms: MailTerms, *, limit_s: float) -> None:
        self._terms = terms
        self._limit_s = limit_s
        self._server: smtplib.SMTP | None = None

    def call(self, line: str, facts: bytes, *, name: str) -> None:
        """Send it, on a thread.

        Args:
            line: the subject, and the first line.
            facts: JSON, which follows.
            name: of the call; the same when it is made again, and so is the mail's id.

        Raises:
            PagerFailed: the server does not answer, in time, or does not take it for anybody.
        """
        end = time.monotonic() + self._limit_s
        terms = self._terms
        password = None if terms.password_file is None else secret_of(terms.password_file)
        message = self._message(line, facts, name)
        try:
            context = context_of(terms.ca_file)
            # Its own name is of no use to the server, and looking it up may wait for a name server.
            server: smtplib.SMTP
            if terms.tls == "tls":
                server = smtplib.SMTP_SSL(context=context, timeout=self._limit_s, local_hostname="localhost")
            else:
                server = smtplib.SMTP(timeout=self._limit_s, local_hostname="localhost")
            self._server = server
            # Of whom the certificate has to be; only the constructor that connects would set it.
            server._host = terms.host  # type: ignore[attr-defined]
            try:
                server.connect(terms.host, terms.port)
                if terms.tls == "starttls":
                    server.starttls(context=context)
                if password is not None:
                    server.login(terms.user, password)
                refused = server.send_message(message, from_addr=terms.sender, to_addrs=list(terms.to))
            finally:
                server.close()
        except (OSError, smtplib.SMTPException, ssl.SSLError, ValueError, AttributeError) as error:
            if time.monotonic() >= end:
                raise PagerFailed(f"it took more than {self._limit_s:g} s") from error
            raise PagerFailed(f"the server did not take it: {_why(error)}") from error
        if refused:
            raise PagerFailed(f"the server did not take it for {len(refused)} of {len(terms.to)} addresses")

    def _message(self, line: str, facts: bytes, name: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._terms.sender
        message["To"] = ", ".join(self._terms.to)
        message["Subject"] = line
        message["Date"] = datetime.now(tz=UTC)
        message["Message-ID"] = f"<{name}@{self._terms.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{line}\n\n{facts.decode('ascii')}")
        return message

    def stop(self) -> None:
        """Cut the connection: whoever waits on it gets an error."""
        if self._server is not None:
            cut(self._server.sock)


def _why(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "it refused user or password"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refused every address"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"status {error.smtp_code}"
    return type(error).__name__
