"""A Matrix user on matrix-nio, told what to do by lines of JSON.

    nio_user.py HOMESERVER_URL USER_ID PASSWORD

Each line on standard input is {"id": N, "do": "join" | "send" | "leave", ...}, each line on standard
output {"id": N, "ok": {...}} or {"id": N, "error": "..."}, or {"event": {...}} for a message or
membership that a sync has brought. The first line is {"ready": user id}. It ends with its input.
"""

import asyncio
import json
import sys

from nio import AsyncClient, ErrorResponse, RoomMemberEvent, RoomMessage


def say(line):
    print(json.dumps(line), flush=True)


async def join(client, request):
    answer = await client.join(request["room"])
    return answer, lambda: {"room_id": answer.room_id}


async def leave(client, request):
    answer = await client.room_leave(request["room"])
    return answer, dict


async def send(client, request):
    answer = await client.room_send(request["room"], "m.room.message", request["content"])
    return answer, lambda: {"event_id": answer.event_id}


ACTIONS = {"join": join, "leave": leave, "send": send}


async def obey(client, request):
    answer, result = await ACTIONS[request["do"]](client, request)
    if isinstance(answer, ErrorResponse):
        say({"id": request["id"], "error": str(answer)})
    else:
        say({"id": request["id"], "ok": result()})


async def on_event(room, event):
    say({"event": {"room": room.room_id, "json": event.source}})


async def requests():
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def main(url, user, password):
    client = AsyncClient(url, user)
    client.add_event_callback(on_event, (RoomMessage, RoomMemberEvent))
    login = await client.login(password)
    if isinstance(login, ErrorResponse):
        sys.exit(f"login: {login}")
    sync = asyncio.create_task(client.sync_forever(timeout=20000, full_state=False))
    say({"ready": client.user_id})
    async for request in requests():
        await obey(client, request)
    sync.cancel()
    await client.close()


asyncio.run(main(*sys.argv[1:]))
