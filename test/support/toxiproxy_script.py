"""What the tests of clients do with toxiproxy-python: each step prints what the client returned or raised."""

import json
import re
import sys
from urllib.parse import urlsplit

from toxiproxy import Toxiproxy
from toxiproxy.utils import can_connect_to

UPSTREAM = sys.argv[2]
url = urlsplit(sys.argv[1])
server = Toxiproxy()
server.update_api_consumer(url.hostname, url.port)


def shown(value):
    if isinstance(value, (str, bytes)):
        text = value.decode() if isinstance(value, bytes) else value
        return re.sub(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT", text.strip())
    if isinstance(value, dict):
        return {key: shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    if hasattr(value, "__dict__"):
        return shown(vars(value))
    return value


def step(name, act):
    try:
        result = act()
    except Exception as error:  # what a client raises is part of what is compared
        result = [type(error).__name__, shown(str(error))]
    print(json.dumps([name, shown(result)], sort_keys=True))
    return result


def is_reachable(proxy):
    host, port = proxy.listen.rsplit(":", 1)
    return can_connect_to(host, int(port))


step("running", server.running)
step("none", server.proxies)
proxy = step("create", lambda: server.create(upstream=UPSTREAM, name="py"))
step("create again", lambda: server.create(upstream=UPSTREAM, name="py"))
step("create disabled", lambda: server.create(upstream=UPSTREAM, name="off", listen="127.0.0.1:0", enabled=False))
step("proxies", server.proxies)
step("get", lambda: server.get_proxy("py"))
step("get none", lambda: server.get_proxy("none"))
step("add toxic", lambda: proxy.add_toxic(type="latency", attributes={"latency": 5}))
step("add upstream", lambda: proxy.add_toxic(type="bandwidth", stream="upstream", name="slow", toxicity=0.5, attributes={"rate": 9}))
step("add again", lambda: proxy.add_toxic(type="latency"))
step("add invalid", lambda: proxy.add_toxic(type="nonsense"))
step("add sideways", lambda: proxy.add_toxic(type="latency", name="x", stream="sideways"))
step("toxics", proxy.toxics)
step("get toxic", lambda: proxy.get_toxic("slow"))
step("destroy toxic", lambda: proxy.destroy_toxic("slow"))
step("destroy toxic again", lambda: proxy.destroy_toxic("slow"))
step("reachable", lambda: is_reachable(proxy))
with proxy.down():
    step("down", lambda: [is_reachable(proxy), server.get_proxy("py").enabled])
step("up", lambda: [is_reachable(proxy), server.get_proxy("py").enabled])
step("disable", proxy.disable)
step("reset", server.reset)
step("after reset", server.proxies)
step("toxics after reset", proxy.toxics)
step("populate", lambda: server.populate([
    {"name": "a", "upstream": UPSTREAM, "listen": "127.0.0.1:0"},
    {"name": "b", "upstream": UPSTREAM, "listen": "127.0.0.1:0"},
]))
step("destroy", proxy.destroy)
step("destroy again", proxy.destroy)
step("destroy all", server.destroy_all)
step("none left", server.proxies)
