"""An XMPP user on slixmpp, told what to do by lines of JSON.

    xmpp_user.py HOST PORT JID PASSWORD

Each line on standard input is {"id": N, "do": ..., ...}, each line on standard output
{"id": N, "ok": ...} or {"id": N, "error": "..."}, or {"stanza": tree} for a message or presence that
came in. A tree is {"name", "ns", "attrs", "text", "children"}. The first line is {"ready": address}.
It ends with its input.
"""

import asyncio
import json
import sys

from slixmpp import JID, ClientXMPP
from slixmpp.exceptions import IqError, IqTimeout, XMPPError
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath


def say(line):
    print(json.dumps(line), flush=True)


def tree(element):
    ns, _, name = element.tag.rpartition("}")
    return {
        "name": name,
        "ns": ns.lstrip("{"),
        "attrs": dict(element.attrib),
        "text": element.text or "",
        "children": [tree(child) for child in element],
    }


class User(ClientXMPP):
    def __init__(self, jid, password):
        config = {"feature_mechanisms": {"unencrypted_plain": True, "unencrypted_scram": True}}
        super().__init__(jid, password, plugin_config=config)
        self.enable_direct_tls = False
        self.enable_starttls = False
        self.enable_plaintext = True
        for number in ("0030", "0045", "0199", "0308", "0313", "0359", "0424", "0444", "0461"):
            self.register_plugin("xep_" + number)
        for kind in ("message", "presence"):
            handler = Callback("all " + kind, StanzaPath(kind), self.on_stanza)
            self.register_handler(handler)
        self.ready = asyncio.get_event_loop().create_future()
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("failed_all_auth", lambda _: sys.exit("the server refuses the login"))

    def on_start(self, _):
        self.send_presence()
        self.ready.set_result(None)

    def on_stanza(self, stanza):
        say({"stanza": tree(stanza.xml)})

    async def join(self, room, nick):
        await self["xep_0045"].join_muc_wait(JID(room), nick, maxstanzas=0, timeout=30)

    async def leave(self, room, nick):
        self["xep_0045"].leave_muc(JID(room), nick)

    async def rename(self, room, nick):
        self.send_presence(pto=f"{room}/{nick}")

    async def say(self, to, body, kind="groupchat", replaces=None, reply=None):
        message = self.make_message(mto=to, mbody=body, mtype=kind)
        message["id"] = self.new_id()
        if replaces:
            message["replace"]["id"] = replaces
        if reply:
            message["reply"]["id"] = reply["id"]
            message["reply"]["to"] = reply["to"]
            message["reply"].add_quoted_fallback(reply["quote"])
        message.send()
        return message["id"]

    async def react(self, to, of, keys):
        message = self.make_message(mto=to, mtype="groupchat")
        message["id"] = self.new_id()
        self["xep_0444"].set_reactions(message, of, keys)
        message.enable("store")
        message.send()

    async def retract(self, to, of):
        self["xep_0424"].send_retraction(
            JID(to), of, mtype="groupchat", include_fallback=True, fallback_text="retracted"
        )

    async def subject(self, room, text):
        self["xep_0045"].set_subject(JID(room), text)

    async def role(self, room, nick, role, reason=""):
        await self["xep_0045"].set_role(JID(room), nick, role, reason=reason)

    async def affiliation(self, room, jid, affiliation):
        await self["xep_0045"].set_affiliation(JID(room), affiliation, jid=jid)

    async def disco(self, to):
        return tree((await self["xep_0030"].get_info(jid=JID(to), timeout=30)).xml)

    async def archive(self, room):
        messages = []
        async for result in self["xep_0313"].iterate(jid=JID(room), rsm={"max": 100}):
            forwarded = result["mam_result"]["forwarded"]["stanza"]
            messages.append(tree(forwarded.xml))
        return messages

    async def raw(self, xml):
        self.send_xml(ET.fromstring(xml))


ACTIONS = (
    "join leave rename say react retract subject role affiliation disco archive raw".split()
)


async def obey(user, request):
    number, action = request.pop("id"), request.pop("do")
    try:
        if action not in ACTIONS:
            raise ValueError(f"no such action: {action}")
        say({"id": number, "ok": await getattr(user, action)(**request)})
    except (XMPPError, IqError, IqTimeout, TimeoutError, ValueError, TypeError) as error:
        condition = getattr(error, "condition", "")
        say({"id": number, "error": f"{type(error).__name__}: {condition} {error}"})


async def requests():
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def main(host, port, jid, password):
    user = User(jid, password)
    user.connect(host, int(port))
    await asyncio.wait_for(user.ready, 30)
    say({"ready": user.boundjid.full})
    running = set()
    async for request in requests():
        task = asyncio.create_task(obey(user, request))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main(*sys.argv[1:]))
