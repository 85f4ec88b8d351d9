# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of SMTP, IMAP and POP3 that send what they are told, byte for byte, and keep what the server
answered. No library of these protocols: they refuse to send what an attacker sends."""
import base64
import socket
import ssl

TIMEOUT = 12


def encode(text):
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def b64(text):
    return base64.b64encode(encode(text))


class Refused(Exception):
    """The server closed the connection, or did not answer in time."""


class Connection:
    def __init__(self, source, server, port, tls=False):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.bind((source, 0))
        try:
            self.socket.connect((server, port))
        except OSError as error:
            raise Refused(str(error)) from error
        if tls:
            self.start_tls()
        self.buffer = b""

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            self.socket = context.wrap_socket(self.socket)
        except OSError as error:
            raise Refused(str(error)) from error

    def line(self):
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(4096)
            except OSError as error:
                raise Refused(str(error)) from error
            if not more:
                raise Refused("closed")
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\n", 1)
        return text.rstrip(b"\r").decode("utf-8", "replace")

    def send(self, data):
        try:
            self.socket.sendall(encode(data) + b"\r\n")
        except OSError as error:
            raise Refused(str(error)) from error

    def close(self):
        self.socket.close()


class Smtp(Connection):
    def __init__(self, source, server, port, helo="client.example", tls=False, starttls=False):
        super().__init__(source, server, port, tls)
        self.reply()
        self.command("EHLO " + helo)
        if starttls:
            self.command("STARTTLS")
            self.start_tls()
            self.command("EHLO " + helo)

    def reply(self):
        while True:
            line = self.line()
            if line[3:4] != "-":
                return line

    def command(self, text):
        self.send(text)
        return self.reply()

    def auth_plain(self, user, password, authzid=""):
        return self.command(b"AUTH PLAIN " + b64(encode(authzid) + b"\0" + encode(user) + b"\0" + encode(password)))

    def auth_login(self, user, password):
        answer = self.command("AUTH LOGIN")
        if answer.startswith("334"):
            answer = self.command(b64(user))
        if answer.startswith("334"):
            answer = self.command(b64(password))
        return answer

    def message(self, sender, recipient, subject="test"):
        """The reply to the last step that was taken."""
        answer = self.command(b"MAIL FROM:<" + encode(sender) + b">")
        if answer[0] == "2":
            answer = self.command(b"RCPT TO:<" + encode(recipient) + b">")
        if answer[0] == "2":
            answer = self.command("DATA")
        if answer[0] == "3":
            self.send(b"From: <" + encode(sender) + b">\r\nSubject: " + encode(subject) + b"\r\n\r\ntext")
            answer = self.command(".")
        return answer

    def quit(self):
        try:
            self.command("QUIT")
        except Refused:
            pass
        self.close()


class Imap(Connection):
    def __init__(self, source, server, port=143, tls=False):
        super().__init__(source, server, port, tls)
        self.line()
        self.number = 0

    def command(self, text):
        self.number += 1
        tag = f"a{self.number}"
        self.send(tag.encode() + b" " + encode(text))
        return self.answer(tag)

    def answer(self, tag):
        while True:
            line = self.line()
            if line.startswith(tag + " "):
                return line[len(tag) + 1:]
            if line.startswith("* BYE"):
                return "BYE"
            if line.startswith("+"):
                return line

    def literal(self, name, user, password):
        """LOGIN with literals (RFC 9051, 4.3), which may hold any byte but NUL."""
        self.number += 1
        tag = f"a{self.number}"
        user, password = encode(user), encode(password)
        self.send(f"{tag} {name} {{{len(user)}}}".encode())
        if not self.answer(tag).startswith("+"):
            return "NO"
        self.send(user + f" {{{len(password)}}}".encode())
        if not self.answer(tag).startswith("+"):
            return "NO"
        self.send(password)
        return self.answer(tag)

    def auth_plain(self, user, password):
        answer = self.command("AUTHENTICATE PLAIN")
        if not answer.startswith("+"):
            return answer
        tag = f"a{self.number}"
        self.send(b64(b"\0" + encode(user) + b"\0" + encode(password)))
        return self.answer(tag)

    def quit(self):
        try:
            self.command("LOGOUT")
        except Refused:
            pass
        self.close()


class Pop3(Connection):
    def __init__(self, source, server, port=110, tls=False):
        super().__init__(source, server, port, tls)
        self.line()

    def command(self, text):
        self.send(text)
        return self.line()

    def login(self, user, password):
        answer = self.command(b"USER " + encode(user))
        return self.command(b"PASS " + encode(password)) if answer.startswith("+OK") else answer

    def quit(self):
        try:
            self.command("QUIT")
        except Refused:
            pass
        self.close()
