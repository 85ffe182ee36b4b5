"""How each defence of docs/SECURITY.md is taken away while its test runs: text of ours, and what stands there instead.

Where a defence is a library's own, what stands there instead talks the library out of it.
"""

from typing import NamedTuple

POSTGRESQL, REDIS = STORES = ("DATABASE_URL", "REDIS_URL")

BASE = "config/settings/base.py"
PRODUCTION = "config/settings/production.py"
AUTH = "apps/authentication/"
TRANSPORT = "utils/tmdb_client/transport.py"


class Edit(NamedTuple):
    file: str
    text: str  # found exactly ``times`` times
    instead: str
    times: int = 1


class Removal(NamedTuple):
    edits: tuple[Edit, ...]
    needs: str = ""  # the variable that names a store which the test cannot do without


def gone(file: str, text: str, instead: str = "", *, times: int = 1, needs: str = "") -> Removal:
    return Removal((Edit(file, text, instead, times),), needs)


def backend(body: str) -> Removal:
    """The library's checks of a token, which ``body`` gives up in part."""
    anchor = 'SESSION_CLAIM = "sid"\n'
    before = "import jwt\nfrom rest_framework_simplejwt.backends import TokenBackend\n\ndecode = TokenBackend.decode\n"
    before += "verifying_key = TokenBackend.get_verifying_key\nheader_of = jwt.get_unverified_header\n\n"
    return gone(f"{AUTH}tokens.py", anchor, f"{anchor}\n{before}{body}\n")


REMOVALS: dict[str, Removal] = {
    # --- OWASP API Security Top 10 ----------------------------------------------------------------
    "API1.1": gone(
        "apps/favorites/querysets.py", "        return self.filter(user=user)\n", "        return self.all()\n"
    ),
    "API1.2": gone(
        "apps/favorites/querysets.py", "        return self.filter(user=user)\n", "        return self.all()\n"
    ),
    "API1.3": gone(
        f"{AUTH}sessions.py", "Session.objects.of(user).open().filter(pk=sid)", "Session.objects.open().filter(pk=sid)"
    ),
    "API1.4": gone("utils/views.py", "private=True, no_store=True", "public=True, max_age=60"),
    "API2.1": gone(
        f"{AUTH}views.py", '("login", "login_account", "login_address")', '("login_account", "login_address")'
    ),
    "API2.2": gone(f"{AUTH}views.py", '("login", "login_account", "login_address")', '("login", "login_address")'),
    "API2.3": gone("utils/throttling.py", '.split(",")[-proxies:][0] if proxies else ""', '.split(",")[0]'),
    "API2.4": gone(f"{AUTH}querysets.py", "self.open().filter(pk=sid,", "self.filter(pk=sid,"),
    "API3.1": gone("utils/bodies.py", "            raise serializers.ValidationError(errors)\n", "            pass\n"),
    "API3.2": gone(
        f"{AUTH}serializers.py",
        '["email", "is_email_verified", "is_staff", "date_joined"]',
        '["email", "is_email_verified", "date_joined"]',
    ),
    "API3.3": gone(
        f"{AUTH}serializers.py", 'fields = ["email", "display_name",', 'fields = ["password", "email", "display_name",'
    ),
    "API4.1": gone(BASE, "DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024", "DATA_UPLOAD_MAX_MEMORY_SIZE = None"),
    "API4.2": gone("utils/parsing.py", "if _is_deeper_than(MAX_DEPTH, value):", "if False:"),
    "API4.3": gone("utils/query_params.py", "min_value=1, max_value=100, default=20", "min_value=1, default=20"),
    "API4.4": gone(
        f"{AUTH}views.py",
        '    throttles = ("mail_account", "mail_address")',
        '    throttles = ("mail_address",)',
        times=2,
    ),
    "API5.1": gone("apps/movies/views.py", "    permission_classes = [IsAdminUser]\n"),
    "API5.2": gone(BASE, "rest_framework.permissions.IsAuthenticated", "rest_framework.permissions.AllowAny"),
    "API5.3": gone(
        "apps/recommendations/admin.py",
        'description="Train a new version on the newest data", permissions=["change"]',
        'description="Train"',
    ),
    "API6.1": gone(f"{AUTH}views.py", '    throttles = ("register",)', "    throttles = ()"),
    "API6.2": gone(f"{AUTH}views.py", '    throttles = ("writes", "password")', '    throttles = ("writes",)', times=2),
    "API6.3": gone(f"{AUTH}views.py", '    throttles = ("export",)', "    throttles = ()"),
    "API6.4": gone("utils/throttling.py", "        found = _take_here(windows)\n", "        return {}\n"),
    "API7.1": Removal(
        (
            Edit(TRANSPORT, "allow_redirects=False", "allow_redirects=True"),
            Edit(
                TRANSPORT,
                "    def get_redirect_target(self, resp: requests.Response) -> None:\n",
                "    def unused(self):\n",
            ),
        )
    ),
    "API7.2": gone("utils/tmdb_client/client.py", "    if not 1 <= tmdb_id <= records.MAX_ID:", "    if False:"),
    "API7.3": gone(TRANSPORT, "    session.trust_env = False  # no netrc, no proxy found in the environment\n"),
    "API8.1": gone(BASE, '"default-src": [NONE],', '"default-src": ["*"],'),
    "API8.2": gone(BASE, "CORS_ALLOW_HEADERS =", "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_HEADERS ="),
    "API8.3": gone(
        "utils/exceptions.py",
        "            return DatabaseUnavailable()\n",
        "            told = DatabaseUnavailable()\n            told.message = str(exc)\n            return told\n",
    ),
    "API8.4": gone(PRODUCTION, "if DEBUG:\n", "if False:\n"),
    "API9.1": gone(
        "config/urls.py",
        '    path("api/v1/", include(api)),\n',
        '    path("api/v1/", include(api)),\n    path("api/v0/", include(api)),\n',
    ),
    "API9.2": gone(
        "utils/metrics.py",
        "if not is_scrape or any(header in request.headers for header in FORWARDED):",
        "if not is_scrape:",
    ),
    "API9.3": gone("utils/logs.py", '    event.pop("request", None)\n', ""),
    "API9.4": gone("utils/logs.py", "return _PRIVATE.sub(", "return (lambda _told, text: text)("),
    "API10.1": gone("utils/tmdb_client/values.py", "return int(min(value, MAX_ID)) if", "return int(value) if"),
    "API10.2": gone(TRANSPORT, "self._call_made.within(self._call_made.read_timeout)", "self._call_made.read_timeout"),
    "API10.3": gone(TRANSPORT, "unpacker.decompress(wire, MAX_BODY_BYTES)", "unpacker.decompress(wire)"),
    "API10.4": gone(
        TRANSPORT,
        "_Call(deadline, self._timeouts[0], EXPORT_READ_TIMEOUT)",
        "_Call(deadline, self._timeouts[0], EXPORT_READ_TIMEOUT, self._bearer, self._api_key)",
    ),
    # --- RFC 8725 ---------------------------------------------------------------------------------
    "JWT3.1": backend(
        "def obliging(self, token, verify=True):\n"
        "    self.algorithm = header_of(token)['alg']\n"
        "    return decode(self, token, verify)\n\nTokenBackend.decode = obliging"
    ),
    "JWT3.2": backend(
        "def trusting(self, token, verify=True):\n"
        "    return decode(self, token, verify and header_of(token)['alg'] != 'none')\n\nTokenBackend.decode = trusting"
    ),
    "JWT3.3": gone(f"{AUTH}sessions.py", "RefreshToken(raw_refresh)", "RefreshToken(raw_refresh, verify=False)"),
    "JWT3.4": backend(
        "def with_theirs(self, token):\n"
        "    brought = header_of(token).get('jwk')\n"
        "    return jwt.utils.base64url_decode(brought['k']) if brought else verifying_key(self, token)\n\n"
        "TokenBackend.get_verifying_key = with_theirs"
    ),
    "JWT3.5": gone(PRODUCTION, "len(value) < 32 or len(set(value)) < FEWEST_CHARACTERS or "),
    "JWT3.6": backend(
        "def inflating(self, token, verify=True):\n"
        "    import json, zlib\n"
        "    if not header_of(token).get('zip'):\n"
        "        return decode(self, token, verify)\n"
        "    packed = jwt.PyJWS().decode(token, self.signing_key, algorithms=[self.algorithm])\n"
        "    return json.loads(zlib.decompress(packed))\n\nTokenBackend.decode = inflating"
    ),
    "JWT3.7": gone(
        f"{AUTH}tokens.py",
        '    token["sub"] = str(user_id)\n',
        '    token["sub"] = str(user_id)\n    token["name"] = "Zo\\u00eb"\n',
    ),
    "JWT3.8.1": gone(BASE, '    "ISSUER": "marquee",\n'),
    "JWT3.8.2": gone(f"{AUTH}authentication.py", 'if str(user.pk) != validated_token.get("sub"):', "if False:"),
    "JWT3.9": gone(BASE, '    "AUDIENCE": "marquee",\n'),
    "JWT3.10": backend(
        "def fetching(self, token):\n"
        "    import urllib.request\n"
        "    address = header_of(token).get('jku')\n"
        "    return urllib.request.urlopen(address).read() if address else verifying_key(self, token)\n\n"
        "TokenBackend.get_verifying_key = fetching"
    ),
    "JWT3.11": gone(
        BASE, '    "USER_ID_CLAIM": "sub",\n', '    "USER_ID_CLAIM": "sub",\n    "TOKEN_TYPE_CLAIM": None,\n'
    ),
    "JWT3.12": gone(
        BASE,
        '    "USER_ID_CLAIM": "sub",\n',
        '    "USER_ID_CLAIM": "sub",\n    "AUTH_TOKEN_CLASSES": ("rest_framework_simplejwt.tokens.UntypedToken",),\n',
    ),
    # --- Sessions ---------------------------------------------------------------------------------
    "SES.1": gone(f"{AUTH}sessions.py", "if replayed and _end(session):", "if replayed:"),
    "SES.2": gone(
        f"{AUTH}sessions.py",
        'session.filter(refresh_jti=shown["jti"]).update(',
        'session.filter(refresh_jti=shown["jti"]).exists() and session.update(',
        needs=POSTGRESQL,
    ),
    "SES.3": gone(
        f"{AUTH}sessions.py", "    session_cache.doubt(sids)\n    return ended", "    return ended", needs=REDIS
    ),
    "SES.4": gone(f"{AUTH}sessions.py", " or account.password != user.password:", ":"),
    "SES.5": gone(f"{AUTH}recovery.py", "        sessions_end(user=account, keep=keep)\n"),
    "SES.6": gone(f"{AUTH}querysets.py", "filter(pk=sid, user__is_active=True)", "filter(pk=sid)"),
    "SES.7": gone(f"{AUTH}recovery.py", "    password_confirm(user, current, device)\n"),
    # --- Passwords --------------------------------------------------------------------------------
    "PW.1": gone(BASE, '"OPTIONS": {"min_length": 10}', '"OPTIONS": {"min_length": 1}'),
    "PW.2": gone(BASE, '    {"NAME": "apps.authentication.passwords.EasyToGuessValidator"},\n'),
    "PW.3": gone(f"{AUTH}passwords.py", "weakness(password, context_words(user))", "weakness(password, [])"),
    "PW.4": gone(f"{AUTH}models.py", "raw_password and password_text(raw_password)", "raw_password", times=2),
    "PW.5": gone(f"{AUTH}serializers.py", "trim_whitespace=False", "trim_whitespace=True"),
    "PW.6": gone(f"{AUTH}serializers.py", "trim_whitespace=False, max_length=1024", "trim_whitespace=False"),
    "PW.7": gone(
        BASE, "apps.authentication.hashers.VpsArgon2PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    ),
    # --- Links in mails ---------------------------------------------------------------------------
    "LINK.1": gone(f"{AUTH}links.py", "or not links.delete()[0]:", "or not links:"),
    "LINK.2": gone(
        f"{AUTH}querysets.py", "purpose__in=purposes, expires_at__gt=timezone.now()", "purpose__in=purposes"
    ),
    "LINK.3": gone(f"{AUTH}querysets.py", "filter(digest=digest, purpose__in=purposes,", "filter(digest=digest,"),
    "LINK.4": gone(f"{AUTH}links.py", "return sha256(token.encode()).hexdigest()", "return token"),
    "LINK.5": gone(
        f"{AUTH}recovery.py",
        "        sessions_end(user=user)\n        _password_set(user, new)\n",
        "        _password_set(user, new)\n",
    ),
    # --- Equal answers ----------------------------------------------------------------------------
    "EQUAL.1": gone(
        f"{AUTH}services.py",
        "    user = authenticate(username=email, password=password)\n",
        "    known = User.objects.by_email(email)\n"
        "    user = known if known and known.check_password(password) else None\n",
    ),
    "EQUAL.2": gone(
        f"{AUTH}recovery.py",
        '    """The same for every address, known or not: a job finds out."""\n',
        "    if not User.objects.by_email(email):\n        raise EmailTaken\n",
    ),
    "EQUAL.3": gone(
        f"{AUTH}recovery.py",
        "        record(Kind.EMAIL_CHANGE_ASKED, account, device)\n",
        "        if User.objects.is_taken(email, by_other_than=account):\n            raise EmailTaken\n"
        "        record(Kind.EMAIL_CHANGE_ASKED, account, device)\n",
    ),
    # --- The trail, logs and personal data --------------------------------------------------------
    "TRAIL.1": gone(
        f"{AUTH}services.py", "        record(Kind.SIGN_IN_FAILED, User.objects.by_email(email), device)\n"
    ),
    "TRAIL.2": gone("utils/admin.py", "return not str(page).startswith(own_pages) and super()", "return super()"),
    "TRAIL.3": gone(f"{AUTH}events.py", "kind.value, user.pk if user else", "kind.value, user.email if user else"),
    "TRAIL.4": gone(f"{AUTH}devices.py", "{48 if ':' in address else 24}", "{128 if ':' in address else 32}"),
    "TRAIL.5": gone("utils/throttling.py", "    hidden = _hidden(who)\n", "    hidden = who\n", needs=REDIS),
    "TRAIL.6": gone("utils/middleware.py", "given if _ACCEPTABLE.fullmatch(given) else", "given or"),
    "DATA.1": gone("apps/preferences/apps.py", "        register_personal_data()\n"),
    "DATA.2": gone(f"{AUTH}account_data.py", "    SecurityEvent.objects.of(user).delete()\n"),
    "DATA.3": gone(
        f"{AUTH}account_data.py", 'SESSION_FIELDS = ["device",', 'SESSION_FIELDS = ["refresh_jti", "device",'
    ),
    "DATA.4": gone(f"{AUTH}services.py", "    password_confirm(user, password, device)\n"),
    "DATA.5": gone(
        f"{AUTH}migrations/0001_initial.py",
        "models.Q(('is_active', False), ('is_staff', False), ('is_superuser', False))",
        "models.Q(('is_staff', False), ('is_superuser', False))",
    ),
    # --- The server, its admin and its secrets ----------------------------------------------------
    "HOST.1": gone(PRODUCTION, "if SECRET_KEY == JWT_SIGNING_KEY:", "if False:"),
    "HOST.2": gone(PRODUCTION, 'if "*" in host or "/" in host:', "if False:"),
    "HOST.3": gone(
        TRANSPORT,
        "            return self._session().get(\n                url,\n",
        "            return self._session().get(\n                url + '?api_key=' + call.bearer + call.api_key,\n",
    ),
    "HOST.4": gone(BASE, '    "django.middleware.clickjacking.XFrameOptionsMiddleware",\n'),
    "HOST.5": gone(PRODUCTION, "SESSION_COOKIE_SECURE = True", "SESSION_COOKIE_SECURE = False"),
    "HOST.6": gone(
        "utils/admin.py",
        "        return PAGES(super().admin_view(view, cacheable))\n",
        "        from django.views.decorators.csrf import csrf_exempt\n\n"
        "        return PAGES(super().admin_view(csrf_exempt(view), cacheable))\n",
    ),
    "HOST.7": gone(
        f"{AUTH}admin.py", "            count(who_logs_in(email, client_address(self.request)))\n", "            pass\n"
    ),
    "HOST.8": gone(f"{AUTH}admin.py", '    exclude = ["password"]\n'),
    "HOST.9": gone(BASE, '"SERIALIZER": "django_redis.serializers.json.JSONSerializer",', "", needs=REDIS),
    "HOST.10": gone("apps/recommendations/artifacts.py", 'mmap_mode="r", allow_pickle=False', "allow_pickle=True"),
    "HOST.11": gone("utils/parsing.py", "    if len({name for name, _ in pairs}) < len(pairs):", "    if False:"),
}
