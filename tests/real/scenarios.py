# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients do to a mail server: ordinary outcomes, and hostile texts in every field that a stranger
fills. Each scenario has a source address of its own; what the server answered is the truth."""
from dialogue import Imap, Pop3, Refused, Smtp

GOOD = ("bob", "secret")


class Client:
    """Hands out addresses and writes down what happened from each."""

    def __init__(self, server, texts, tls=()):
        self.server4, self.server6 = server
        self.texts = texts
        self.tls = tls  # ports on which TLS begins with STARTTLS
        self.number = 0
        self.truth = []

    def address(self):
        """The next source, and the server's address of the same family: every fifth is IPv6."""
        self.number += 1
        if self.number % 5 == 0:
            return f"2001:db8:bad:{self.number:x}::{self.number:x}", self.server6
        return f"198.18.{self.number // 250}.{self.number % 250 + 1}", self.server4

    def run(self, name, action, **more):
        source, server = self.address()
        did = {"scenario": name, "source": source, "failures": 0, "successes": 0, "messages": 0, "abuse": 0, "said": [],
               **more}
        try:
            action(source, server, did)
        except Refused as error:
            did["said"].append(f"refused: {error}")
        self.truth.append(did)

    def smtp(self, source, server, port, helo="client.example"):
        return Smtp(source, server, port, helo, starttls=port in self.tls)


def judge_answer(did, answer, good):
    """Notes an answer to a login; `good`: how a success begins."""
    did["said"].append(answer[:120])
    if answer.startswith(good):
        did["successes"] += 1
    elif answer.startswith(("535", "NO", "-ERR")):
        did["failures"] += 1


# What goes into a field, and how it is sent. Each: name, protocol it needs, function.
def smtp_field(port, send):
    def action(client, text):
        def act(source, server, did):
            helo = text if send == "helo" else "client.example"
            session = client.smtp(source, server, port, helo.replace("\r", " ").replace("\n", " "))
            user, password = "alice", "wrong"
            if send == "user":
                judge_answer(did, session.auth_plain(text, password), "235")
            elif send == "login user":
                judge_answer(did, session.auth_login(text, password), "235")
            elif send == "authzid":
                judge_answer(did, session.auth_plain(user, password, text), "235")
            elif send == "password":
                judge_answer(did, session.auth_login(user, text), "235")
            elif send == "mechanism":
                did["said"].append(session.command("AUTH " + text.replace("\r", " ").replace("\n", " "))[:80])
            elif send == "command":
                did["said"].append(session.command(text.replace("\r", " ").replace("\n", " "))[:80])
            elif send == "sender":
                did["said"].append(session.message(f"\"{text}\"@example.net", "bob@example.net")[:80])
            elif send == "recipient":
                did["said"].append(session.message("a@example.net", f"\"{text}\"@example.net")[:80])
            elif send == "subject":
                did["said"].append(session.message("a@example.net", "bob@example.net", text)[:80])
            elif send == "helo":
                judge_answer(did, session.auth_plain(user, password), "235")
            session.quit()
        return act
    return action


def imap_field(send):
    def action(client, text):
        def act(source, server, did):
            session = Imap(source, server)
            if send == "quoted":
                quoted = text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\r", " ").replace("\n", " ")
                judge_answer(did, session.command(f"LOGIN \"{quoted}\" wrong"), "OK")
            elif send == "literal":
                judge_answer(did, session.literal("LOGIN", text, "wrong"), "OK")
            elif send == "password":
                judge_answer(did, session.literal("LOGIN", "alice", text), "OK")
            elif send == "plain":
                judge_answer(did, session.auth_plain(text, "wrong"), "OK")
            elif send == "mechanism":
                line = text.replace("\r", " ").replace("\n", " ")
                did["said"].append(session.command("AUTHENTICATE " + line)[:80])
            elif send == "id":
                quoted = text.replace("\\", "").replace("\"", "'").replace("\r", " ").replace("\n", " ")
                session.command(f"ID (\"name\" \"{quoted}\" \"x-originating-ip\" \"203.0.113.9\")")
                judge_answer(did, session.command("LOGIN alice wrong"), "OK")
            session.quit()
        return act
    return action


def pop3_field(send):
    def action(client, text):
        def act(source, server, did):
            session = Pop3(source, server)
            line = text.replace("\r", " ").replace("\n", " ")
            if send == "user":
                judge_answer(did, session.login(line, "wrong"), "+OK")
            elif send == "password":
                judge_answer(did, session.login("alice", line), "+OK")
            elif send == "apop":
                judge_answer(did, session.command(f"APOP {line} 0123456789abcdef0123456789abcdef"), "+OK")
            session.quit()
        return act
    return action


SMTP_FIELDS = ("user", "login user", "authzid", "password", "mechanism", "command", "sender", "recipient", "subject",
               "helo")
FIELDS = {
    "smtp": [(f"smtp {field}", smtp_field(25, field)) for field in SMTP_FIELDS],
    "submission": [(f"submission {field}", smtp_field(587, field)) for field in SMTP_FIELDS],
    "imap": [(f"imap {field}", imap_field(field)) for field in ("quoted", "literal", "password", "plain", "mechanism",
                                                              "id")],
    "pop3": [(f"pop3 {field}", pop3_field(field)) for field in ("user", "password", "apop")],
}


def ordinary(client, services):
    """Right and wrong passwords, one and several times, on every service."""
    def smtp_wrong(port, user, times=1):
        def act(source, server, did):
            session = client.smtp(source, server, port)
            for _ in range(times):
                judge_answer(did, session.auth_plain(user, "wrong"), "235")
            session.quit()
        return act

    def smtp_relay(port):
        def act(source, server, did):
            session = client.smtp(source, server, port)
            answer = session.message("a@example.net", "someone@elsewhere.example")
            did["said"].append(answer[:120])
            # For now is not counted, but for Postfix, which by default refuses relaying so (454).
            did["abuse"] = int(answer.startswith("5") or "Relay access denied" in answer)
            session.quit()
        return act

    def smtp_right(port):
        def act(source, server, did):
            session = client.smtp(source, server, port)
            judge_answer(did, session.auth_plain(*GOOD), "235")
            if session.message("bob@example.net", "bob@example.net").startswith("2"):
                did["messages"] += 1
            session.quit()
        return act

    def imap(user, password, times=1):
        def act(source, server, did):
            session = Imap(source, server)
            for _ in range(times):
                judge_answer(did, session.command(f"LOGIN {user} {password}"), "OK")
            session.quit()
        return act

    def pop3(user, password):
        def act(source, server, did):
            session = Pop3(source, server)
            judge_answer(did, session.login(user, password), "+OK")
            session.quit()
        return act

    for service, port in (("smtp", 25), ("submission", 587)):
        if service in services:
            client.run(f"{service} wrong", smtp_wrong(port, "bob"), ordinary=True)
            client.run(f"{service} wrong twice", smtp_wrong(port, "bob", 2), ordinary=True)
            client.run(f"{service} unknown user", smtp_wrong(port, "nobody"), ordinary=True)
            client.run(f"{service} right", smtp_right(port), ordinary=True)
            if port not in client.tls:
                client.run(f"{service} relay", smtp_relay(port), ordinary=True)
    if "imap" in services:
        client.run("imap wrong", imap("bob", "wrong"), ordinary=True)
        client.run("imap wrong twice", imap("bob", "wrong", 2), ordinary=True)
        client.run("imap unknown user", imap("nobody", "wrong"), ordinary=True)
        client.run("imap right", imap(*GOOD), ordinary=True)
    if "pop3" in services:
        client.run("pop3 wrong", pop3("bob", "wrong"), ordinary=True)
        client.run("pop3 unknown user", pop3("nobody", "wrong"), ordinary=True)
        client.run("pop3 right", pop3(*GOOD), ordinary=True)


def hostile(client, services, rounds):
    """`rounds` texts in every field of every service."""
    for _ in range(rounds):
        for service in services:
            for name, field in FIELDS[service]:
                # Longer than any daemon takes in one line is refused unread, and proves nothing.
                text = client.texts.next(most=1400)
                client.run(name, field(client, text), text=text)
