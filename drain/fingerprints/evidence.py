"""The evidence of which kind of trouble a failure is: codes, types and words in an ordered table.

Every rule carries its name, which is what ``--explain`` and the pages show as the reason.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from drain.fingerprints.model import Category
from drain.fingerprints.prefilter import Prefiltered


class Rule(NamedTuple):
    """A named kind of evidence and the category it stands for."""

    name: str
    category: Category
    pattern: Prefiltered
    # The message names the cause wherever it was met (a missing module fails in a hundred places and
    # is still one cause), so the place is no part of the key.
    everywhere: bool = False


def _words(pattern: str) -> Prefiltered:
    """A pattern for words in small letters: ten times as fast as one that ignores their case."""
    return Prefiltered(_CAPITAL.sub(lambda found: found.group().lower(), pattern))


_CAPITAL = re.compile(r"(?<!\\)[A-Z]")


def _doing(stems: str) -> Prefiltered:
    """A pattern for what was done when it failed: failed to connect, error connecting, connection failed."""
    return _words(
        r"\b(?:(?:failed|unable|tried|trying|refused) to|could not|couldn't|cannot|can't|(?:error|failure|problem|exception|failed)s?(?: occurred)?(?: while| during| when| in| on| at| of)?)"
        rf" (?:the |an? |be |to )?(?:{stems})\w{{0,5}}\b|\b(?:{stems})\w{{0,5}}\b\S{{0,30}} (?:\S+ ){{0,3}}(?:failed|failures?|errors?|exited)\b"
    )


C = Category
_STATUS = r"(?:\bHTTP(?:/\d(?:\.\d)?)?|\bstatus(?: ?code)?|\bcode|\berror|\banswered|returned(?: error)?)\W{1,3}"
# Two digits are rarer than the words around a status, and looked for first.
_OF_A_SERVER = "|".join(rf"5{digit}\d" for digit in range(10))
# src/a.c:7: | gcc
_SPEAKS_OF_SOURCE = r"(?:\d\)?|\b(?:cc1?(?:plus)?|g?cc|[cg]\+\+|clang|ld|link|collect\S{1,4}|javac|swiftc?|kotlinc|tsc|as))"
# First match wins, so what names its cause exactly stands before what merely mentions a word.
RULES: tuple[Rule, ...] = (
    # What pipelines of language models write themselves.
    Rule("a model's token budget", C.TOKEN_ESCALATION, _words(r"TOKEN_ESCALATION|output (?:was )?truncated at .{0,40}token"), True),
    Rule("a quality gate", C.QUALITY_GATE, _words(r"QUALITY_GATE|quality gate"), True),
    Rule("a promised file", C.DELIVERABLE, _words(r"DELIVERABLES?_|missing deliverable|deliverables? (?:not found|missing|validation)"), True),
    Rule("nothing changed", C.NO_OP, _words(r"NO_OP|NO_CHANGES|noop\b|no-op\b|no changes (?:were )?(?:made|produced|detected)|nothing to commit"), True),
    Rule("the plan", C.MANIFEST, _words(r"MANIFEST_|scope validation|outside scope|manifest (?:check|gate|validation|mismatch|violation|refused|rejected)|(?:listed in|outside|violates|against) (?:the |its )?(?:\w+ )?manifest\b"), True),
    Rule("a patch or merge", C.PATCH, _words(r"PATCH_|patch does not apply|patch failed|hunk #|merge conflict|CONFLICT \(|could not apply"), True),
    Rule("collection of tests", C.COLLECTION, _words(r"error collecting|collection(?:/import)? error|errors? during collection"), True),
    Rule("too many requests", C.RATE_LIMIT, _words(r"rate.?limit|too many requests|\b429\b|throttl|insufficient_quota|overloaded_error|ResourceExhausted"), True),
    Rule("memory", C.OUT_OF_MEMORY, _words(r"MemoryError|OutOfMemory|out of (?:\w+ ){0,5}memory\b|heap (?:out of memory|limit)|cannot allocate memory|ENOMEM|\boom.?(?:kill|command)|bad_alloc|java heap space|(?:exceed\w*|insufficient|over) (?:\w+ )?memory|memory limit (?:of |was |is |has )?(?:\S+ )?(?:exceeded|reached|hit)|of \S+ (?:physical )?memory used")),
    Rule("a full or closed volume", C.DISK, _words(r"no space left|ENOSPC|disk (?:is )?(?:full|quota)|read-only file|mount point|EROFS|EDQUOT")),
    Rule("a missing module", C.IMPORT, _words(r"ModuleNotFoundError|ImportError|No module named|cannot import name|Cannot find (?:module|package)\b|MODULE_NOT_FOUND|Module not found|module '[^']{1,80}' not found|ChunkLoadError"
        r"|ClassNotFoundException|NoClassDefFoundError|cannot load such file|unresolved import|\bLoadError\b(?!: \w+Error)|no package called|fail\w* to load class|class \S{1,120} not found|could not load (?:file or assembly|class|module|library)|in @INC|you may need to install"
        r"|shared librar|DLL load failed|undefined symbol"), True),
    Rule("a program that is not there", C.DEPENDENCY, _words(r"command not found|: not found$|is not recognized as|executable (?:file )?not found|executable .{0,40}not found|exec format error|bad interpreter"), True),
    Rule("a package", C.DEPENDENCY, _words(r"No matching distribution|ResolutionImpossible|ERESOLVE|peer dep|could not find a version|\bdependenc(?:y|ies)\b|\bE404\b|FETCH_404|package .{0,80} not found|no such package|PackagesNotFound|not available from|unknown revision|no matching package|unable to select packages|unsatisf|conflicting (?:dependenc|requirement)|requires? \S+ .{0,40}\bbut\b|version \S+ .{0,20}not found|could not find (?:artifact|gem)|not in the \S{0,20} ?registry|(?:while|failed) installing|building wheel|could not build wheels"
        r"|lock ?file|in sync\b|could not find a package|unable to locate package|version solving|installable set|could not find [\w.-]+:[\w.-]+:|could not resolve all|manifest unknown|pull (?:access|image)|ImagePull|ErrImage|\bgem\b.{0,40}(?:fail|error)|npm (?:ERR|E[A-Z]{3})"), True),
    Rule("a database's constraint", C.DATABASE, _words(r"IntegrityError|UniqueViolation|constraint|duplicate key|DuplicateKey|\"\w{1,60}_(?:key|pkey|fkey|idx|uniq)\"|Duplicate entry"), True),
    Rule("a database", C.DATABASE, _words(r"Deadlock|OperationalError: .*\b(?:table|column|database)|(?:role|database|relation|column|schema|table) .{0,80} (?:does not exist|not found)|WRONGTYPE|\btable\b.{0,30}\blocked|unable to extend (?:table|index)|tablespace|cannot insert|current transaction|replica set|statement .{0,20}(?:failed|invalid)|\bredis\.exceptions|Database Error|(?:MySQL|PostgreSQL|mongo\w*|postgres) (?:server|node|connection)"
        r"|no such (?:table|column)|Unknown column|ProgrammingError|sqlalchemy|psycopg2?\.|PG::|too many clients|connection slots|sqlite3?\.|SQLSTATE|\bORA-\d{5}|BusyLoading|database disk image"), True),
    Rule("who asks", C.AUTH, _words(r"AuthenticationError|Unauthori[sz]ed|Unauthenticated|Forbidden|authentication (?:failed|required)|Reauthenticat|invalid (?:api|x-api)[ -]?key|incorrect api key|access denied(?!: ['\"<])|not authori[sz]ed|\blog ?in\b.{0,20}(?:required|fail)"
        r"|AccessDenied|permission denied \(publickey|could not read (?:Username|Password)|credential|could not read from remote repository|host key verification|PermissionDenied|permission_denied|(?:expired|invalid|bad|revoked) (?:\w+ )?token|token (?:has |is )?(?:expired|invalid|revoked)"), True),
    Rule("a status that refuses", C.AUTH, _words(_STATUS + r"(?:401|403|407)\b|\b(?:401|403) (?:Client Error|Forbidden|Unauthorized|-)|Error code: (?:401|403)"), True),
    Rule("the time of a far side", C.TIMEOUT, _words(r"ReadTimeout|ConnectTimeout|Read timed out|gateway time|connect(?:ion)? timed out|\bdial tcp\b.{0,80}timeout|SocketTimeout"), True),
    Rule("time", C.TIMEOUT, _words(r"time[sd]?[-_ ]?out|time ?limit|\bwall ?(?:time|clock)\b.{0,40}\b(?:exceed|limit|reach)|TimeoutExpired|deadline ?exceeded|ETIMEDOUT|SOCKETTIMEDOUT|took longer than|took too long|not \w+ after \S+ (?:s|seconds|ms|minutes)\b|タイムアウト|exceeded (?:the |its )?(?:time|\d+ ?s)|no (?:response|progress|output) (?:for|within|in)")),
    # Both hold words of a connection, which would be found next:
    # the place counts for them no more than there.
    Rule("an archive that ends early", C.DISK, _words(r"(?:archive|tarball|\.(?:tar|t?gz|zip|bz2|xz|zst))\b.{0,40}unexpected EOF(?! while)|unexpected EOF in (?:the |an? )?(?:archive|file)\b"), True),
    Rule("more than may be issued", C.RATE_LIMIT, _words(r"\btoo many certificates\b(?! in)"), True),
    Rule("a connection", C.NETWORK, _words(
            r"Connection(?:Refused|Reset|Aborted)?Error|connection (?:to .{1,80} )?(?:refused|reset|aborted|closed|error|failed|lost)|ConnectError|\bECONN|\bENOTFOUND|EADDRINUSE|address already in use|EHOSTUNREACH"
            r"|EAI_AGAIN|getaddrinfo|gaierror|name or service not known|name resolution|could not resolve (?:host|proxy)|failed to connect|couldn't connect|lost connection|\bdisconnected"
            r"|unreachable|no route to host|RemoteProtocolError|Broken ?pipe|SSLError|\b(?:TLS|SSL)\b.{0,40}(?:handshake|error|fail)|certificate|socket hang up|closed stream|stream (?:was )?closed|\boffline\b|URLError|could not connect|could not be established|broker|termination of the channel|went away"
            r"|NewConnectionError|UnknownHost|no such host|connection to server|\b50[0234]\b (?:bad|service|gateway|internal|server)|code = Unavailable|unexpected EOF(?! while)"), True),
    Rule("a status of a server", C.NETWORK, _words(_STATUS + rf"(?:404|408|409|410|{_OF_A_SERVER})\b|\b(?:404|{_OF_A_SERVER})(?: \w+)? Error\b")),
    Rule("a quota", C.RATE_LIMIT, _words(r"\bquota\b|LimitExceeded|limit exceeded|exceed\w* (?:\w+ ){0,3}quota\b|must be smaller than|maximum (?:\w+ ){0,3}(?:open|reached|exceeded)|limit (?:has been )?reached|maximum number of")),
    Rule("the end of a process", C.KILLED, _words(r"SIGKILL|SIGTERM|SIGSEGV|SIGABRT|\b(?:exit(?: ?code| status)?|rc|returncode|status)\W{1,3}(?:-9|-11|-15|137|139|143|134)\b|\bexit 1(?:37|43|39)\b|returned -(?:6|9|11|15)\b|WorkerLost|signal \d|\bkilled\b|segmentation fault|died with|evicted|preempted|core dumped|AddressSanitizer|exited (?:unexpectedly|prematurely)|(?:pod|node|container|instance|vm) (?:was )?(?:deleted|terminated|stopped|lost|failure)|node failure|spot interruption|crash(?:ed|loop)|\bpreempt|worker (?:was )?(?:lost|died)|ExecutorLost|\babandoned\b|lease\b.{0,30}\b(?:lost|expired)|\bABORT was invoked|heartbeat|CANCELLED AT")),
    Rule("a file", C.DISK, _words(r"no such file|ENOENT|FileNotFound|NoSuchFile|IsADirectory|NotADirectory|EACCES|EPERM|permission denied|PermissionError|file exists|FileExists|not in gzip format|(?:failed to|cannot|could not) (?:read|write)\b|i/o error|input/output error|truncated|cannot find (?:path|the (?:file|path))|could not (?:open|read|write) (?:file|dir)|locate the \w+ files?|missing input file|input\w* exception in rule|\bget lock\b|access is denied|checksum")),
    Rule("source that does not parse", C.SYNTAX, _words(r"Syntax ?Error|IndentationError|TabError|unexpected (?:token|end of file|EOF)|parse error|invalid syntax|syntax error|ParserError|YAMLException|mapping values are not allowed")),
    # Files and images that are not there are named above; here the manifest itself is what did not hold.
    Rule("a manifest", C.MANIFEST, _words(r"\bmanifests?\b"), True),
    Rule("an assertion", C.ASSERTION, _words(r"Assert|\bassert\b|DID NOT RAISE|ERR_ASSERTION|expected .{0,80} (?:got|but|to )|\bgot .{1,80} want\b|fixture .{0,80} not found|^Failure/Error: expect|not equal|configured to fail")),
    Rule("a value or its type", C.TYPE, _words(r"TypeError|AttributeError|mismatched types|NullPointer|NullReference|nil pointer|\bnil\b|null (?:value|check|reference)|undefined (?:is not|method|variable|index|property|array key)|UndefVar|is undefined|Cannot read propert|ClassCast|\w*KeyError|NameError|IndexError|IndexOutOf|BoundsError|ValueError|NoMethodError|NoSuchMethod|MatchError|UnboundLocal"
        r"|out of (?:range|bounds)|(?:is|are|was) (?:null|nil|none|not defined)\b|no match of|exceeds the (?:number|bounds)|(?:upper|lower) bound|array elements|type mismatch|not what i expect|couldn't match|not (?:callable|iterable|subscriptable|a function|a constructor)|has no (?:attribute|member|field|property|method|key)|no such (?:method|key|field|property|element|attribute)|(?:missing|unexpected|required|invalid) (?:\w+ ){0,3}(?:argument|parameter|key|field|value|property|option|type)s?\b|failed to parse|cannot parse|could not parse|unable to parse|malformed|not valid json|cannot (?:convert|cast|deserialize|unmarshal|decode)|could not (?:convert|cast|deserialize|decode)|ReferenceError|unwrap\(\)|\bnone\b. value|unbound variable|NoneType|\bNaN\b|overflow|underflow|null object|key not found|ValidationError|type mismatch|object '[^']{1,80}' not found|empty list|ArgumentError|IllegalArgument|InvalidOperation|IllegalState|no elements|Not_found|ZeroDivision|division by zero|RangeError|ArithmeticException|NumberFormat|ArrayIndex|UnicodeDecode|UnicodeEncode|JSONDecode|StackOverflow|RecursionError|singular")),
    Rule("a compiler or build tool", C.BUILD, _words(rf"{_SPEAKS_OF_SOURCE} ?: error\b|{_SPEAKS_OF_SOURCE} ?: fatal error\b"
        r"|make: |make\[|^(?:ld|lld|link|cc|gcc|clang): |CMake|error\[|error TS|linker|undefined reference|cannot find symbol|BUILD FAILED|compil|E0\d{3}|ninja:|cargo|gradle|rustc|\bCS\d{4}|MSB\d{4}|no rule to make|unknown directive|undeclared|is not exported by|undefined (?:control|symbol|variable)|duplicate symbol|multiple definition|could not resolve \"|non déclar|nicht deklariert|не объявлен|no se declar|未声明|native extension|expression has type")),
)  # fmt: skip
# Asked last: words that many failures have, and what the C library says for the numbers of errors in other
# languages. None of them decides whether the place counts, so none is part of any key.
LAST_RULES: tuple[Rule, ...] = (
    Rule("a program that is not there, in another language", C.DEPENDENCY, _words(r"befehl (?:wurde )?nicht gefunden|kommando nicht gefunden|commande introuvable|orden no encontrada|comando (?:não|non) (?:encontrado|trovato)|команда не найдена|コマンドが見つかりません|未找到命令|找不到命令")),
    Rule("a file, in another language", C.DISK, _words(r"datei oder (?:das )?verzeichnis|aucun fichier ou dossier|no existe el (?:archivo|fichero)|arquivo ou diretório inexistente|file o directory non esistente|нет такого файла|そのようなファイル|没有那个文件|keine berechtigung|permission non accordée|permiso denegado|permissão negada|permesso negato|отказано в доступе|許可がありません|ファイル.{0,40}見つかりません|找不到.{0,20}文件|datei .{0,60}nicht gefunden|fichier .{0,60}introuvable|(?:fichero|archivo) .{0,60}no encontrado|файл .{0,60}не найден|权限不够|kein speicherplatz|aucun espace disponible|no queda espacio|не осталось свободного места|空き領域がありません|没有空间")),
    Rule("access, in another language", C.DISK, _words(r"zugriff verweigert|accès refusé|acceso denegado|acesso negado|accesso negato|доступ запрещ|アクセスが拒否|拒绝访问")),
    Rule("memory, in another language", C.OUT_OF_MEMORY, _words(r"nicht genügend (?:haupt|arbeits)?speicher|mémoire insuffisante|impossible d'allouer|no se pu(?:ede|do) asignar (?:la )?memoria|memoria insuficiente|memória insuficiente|memoria insufficiente|не удалось выделить память|недостаточно памяти|メモリを確保|メモリ不足|无法分配内存|内存不足")),
    Rule("a signal, in another language", C.KILLED, _words(r"\bgetötet\b|\btué\b|強制終了|已杀死|已终止|speicherzugriffsfehler|erreur de segmentation|violación de segmento|falha de segmentação|errore di segmentazione|ошибка сегментирования|段错误|セグメンテーション違反")),
    Rule("a database, in another language", C.DATABASE, _words(r"doppelter schlüsselwert|valeur d'une clé dupliquée|llave duplicada|valor da chave duplicad|valore chiave duplicat|повторяющееся значение ключа|重複したキー|重复键|\b(?:relation|tabelle|spalte|colonne|relación|columna|tabla|relação|coluna|tabela|relazione|colonna|отношение|столбец)\b.{1,80}(?:existiert nicht|n'existe pas|no existe|não existe|non esiste|не существует)")),
    Rule("who asks, in another language", C.AUTH, _words(r"authentifizierung .{0,60}fehlgeschlagen|authentification .{0,60}échou|autentificación .{0,60}fall|autenticación .{0,60}fall|autenticação .{0,60}falhou|autenticazione .{0,60}fallita|проверк\w+ подлинности|認証に失敗|认证失败|身份验证失败")),
    Rule("a connection, in another language", C.NETWORK, _words(r"verbindung(?:saufbau)? (?:abgelehnt|verweigert)|verbindung .{0,40}(?:zurückgesetzt|fehlgeschlagen)|connexion (?:refusée|réinitialisée)|conexión (?:rehusada|rechazada)|conexão recusada|connessione rifiutata|соединени\w+ (?:отказано|сброшено)|接続を?拒否|拒绝连接|连接被(?:拒绝|重置)")),
    Rule("time, in another language", C.TIMEOUT, _words(r"zeitüberschreitung|délai .{0,30}(?:dépassé|expiré)|tiempo de espera .{0,30}agotado|tempo (?:limite|scaduto)|время ожидания|превышен\w* .{0,20}время|超时|逾時")),
    Rule("an error of the C library about a request or its host", C.NETWORK, _words(r"network is (?:down|unreachable)|host is down|protocol (?:error|not available|not supported)|socket (?:operation|is not connected)|transport endpoint|address (?:family )?not (?:supported|available)|cannot assign requested address|message too long|wrong type for socket|(?:socket|protocol) (?:type|family) not supported|dropped connection on reset|no buffer space|operation (?:already|now) in progress|destination address required|not on the network|link has been severed|communication error on send|remote i/o error|\bbad message$"
        r"|\be(?:pipe|notconn|netdown|netunreach|netreset|hostdown|proto|prototype|protonosupport|noprotoopt|addrnotavail|shutdown|notsock|destaddrreq|msgsize|socktnosupport|pfnosupport|afnosupport|opnotsupp|nobufs|isconn|already|inprogress|nonet|nolink|comm|remote|remoteio|badmsg)\b"
        # io::ErrorKind of Rust
        r"|\bkind: (?:notconnected|addrinuse|addrnotavailable|networkdown|hostunreachable)\b")),
    Rule("an error of the C library about a file", C.DISK, _words(r"too many open files|file name too long|not a directory|is a directory|directory (?:is )?not empty|(?:device or resource|text file) busy|stale (?:nfs )?file handle|cross-device link|file too large|bad file descriptor|no such device|operation not permitted|levels of symbolic links|block device required|illegal seek|too many links|no locks available|structure needs cleaning|(?:no|wrong) medium|inappropriate ioctl|used by another process|not enough space"
        r"|\be(?:mfile|nfile|busy|txtbsy|nametoolong|loop|xdev|notempty|io|isdir|notdir|exist|fbig|badf|badfd|stale|nodev|nxio|notblk|spipe|mlink|nolck|uclean|nomedium|mediumtype|notty)\b"
        r"|\bkind: (?:notfound|alreadyexists|readonlyfilesystem|stalenetworkfilehandle|writezero|storagefull|notseekable|resourcebusy|executablefilebusy|crossesdevices)\b|\bstd::(?:ios_base::failure|filesystem)")),
    Rule("an error of the C library about a value", C.TYPE, _words(r"invalid argument|numerical (?:argument|result)|argument list too long|function not implemented|illegal byte sequence|value too large|bad address\b|\be(?:inval|dom|range|nosys|2big|ilseq|fault|notsup)\b"
        # <stdexcept> and its kin
        r"|\bstd::(?:(?:logic|domain|length|range|regex|future)_error|bad_(?:cast|typeid|function_call|weak_ptr|variant_access|optional_access|any_cast))\b")),
    Rule("an error of the C library about a key", C.AUTH, _words(r"required key not available|\bkey (?:has expired|has been revoked|was rejected)\b|\be(?:nokey|keyexpired|keyrevoked|keyrejected)\b")),
    Rule("an error of the C library about what there is of something", C.RATE_LIMIT, _words(r"resource temporarily unavailable|too many users|\be(?:again|users|wouldblock)\b")),
    Rule("an error of the C library about a process", C.KILLED, _words(r"interrupted system call|no child processes|no such process|\bowner died\b|\be(?:intr|child|srch|canceled|ownerdead)\b")),
    Rule("a signal by its name", C.KILLED, _words(r"\b(?:sig(?:hup|int|quit|ill|trap|abrt|bus|fpe|kill|segv|pipe|alrm|term|xcpu|xfsz|sys)|bus error|illegal instruction|floating point exception|breakpoint trap|abort trap|fatal signal)\b|^(?:terminated|hangup|quit|aborted)\b|^(?:interrupt|alarm clock)$|\b(?:terminated|ended|exited|quit|stopped|died|closed) unexpectedly\b|0xc0000(?:005|0fd|409|13a)\b")),
    Rule("a status that says the request was wrong", C.TYPE, _words(_STATUS + r"4(?:00|05|06|11|12|13|14|15|16|22|28|31)\b|\b4(?:00|05|15|22)(?: client error)?:? (?:bad|unprocessable|method not|unsupported)")),
    Rule("the words of a status that says the request was wrong", C.TYPE, _words(r"\b(?:bad request|not acceptable|length required|precondition (?:failed|required)|(?:payload|content|uri|entity) too (?:large|long)|unsupported media type|range not satisfiable|expectation failed|unprocessable (?:entity|content)|method not allowed)\b|failed_?precondition")),
    # A code of a remote call stands for the status that it maps to: google.rpc.Code
    Rule("the words of a status of a server", C.NETWORK, _words(r"\b(?:internal server error|http version not supported|misdirected request)\b|\bcode = (?:internal|unknown|dataloss|notfound|alreadyexists)\b|\bstatuscode\.(?:internal|unknown|data_loss|not_found|already_exists)\b")),
    # Error from server (NotFound) | (ResourceNotFound) | NoSuchBucket: what services call 404, 409 and 410
    Rule("the name of a status", C.NETWORK, _words(r"\(\w{0,40}(?:notfound|alreadyexists|conflict|gone|inuse)(?:exception|error|fault)?\)|\bresource(?:notfound|inuse)\w*|\bconflictexception\b|\bnosuch(?:bucket|key|entity|upload)\b|\bbucketalready\w+")),
    Rule("what a scheduler found no room for", C.RATE_LIMIT, _words(r"rejectedexecution|\bslow ?down\b|failedscheduling|unschedulable|\boutof(?:cpu|gpu|pods)\b|with result 'resources'")),
    Rule("how a scheduler ended it", C.KILLED, _words(r"\b(?:node|boot)_fail\b|\b(?:deletion|eviction|termination|preemption)by[a-z]|with result '(?:core-dump|signal)'")),
    Rule("a watchdog or a deadline", C.TIMEOUT, _words(r"\bwatchdog\b.{0,40}\b(?:time|timed|timeout|expired|triggered|fired|reset)\b|with result 'watchdog'|: deadline$|\btimer expired\b|\betime\b")),
    Rule("a module that the system did not find", C.IMPORT, _words(r"\bno such module\b|\b(?:class|interface|trait|enum|namespace|module)\b.{1,120}\bnot found\b|could not initiali[sz]e class|specified (?:module|procedure) could not be found|unable to load dll|\bdllnotfound")),
    Rule("the code of a compiler or linter", C.BUILD, _words(r"^(?:\w{1,20}: )?(?!code|line|step|job|http|py\d)[a-z]{1,6}-?\d{3,5}(?:[:,]? |:? ?\[)")),
    Rule("what never came to be", C.TIMEOUT, _words(r"\b(?:did|has|have|had) (?:not|never) (?:yet )?(?:become|became|come up|start(?:ed)?|answer(?:ed)?|respond(?:ed)?|reach(?:ed)?|finish(?:ed)?|complete[d]?|stabili[sz]ed?)\b(?! successfully)|\bwithin \W{0,2}(?:<duration|\d)|\bfailed to \w+ (?:with)?in (?:the |its )?time|gave up (?:waiting|after)|\bstuck\b")),
    Rule("a device", C.DISK, _words(r"\b(?:disk|volume|partition|file ?system|device)s?\b.{0,60}\b(?:unavailable|not (?:be )?(?:found|mounted|ready)|offline|missing|faulted|degraded)\b|\bvolume group\b")),
    Rule("the state of a working copy", C.PATCH, _words(r"\b(?:uncommitted|unstaged|unmerged)\b|\bworking (?:copy|tree)\b|\bnon-?fast-?forward\b|\bbranch\w*\b.{0,40}\b(?:behind|diverged)\b|\b(?:merge|rebase|pull) (?:remote )?changes\b|\b(?:in|unresolved) conflicts?\b|\bin (?:a )?dirty state\b")),
    Rule("a service that is down", C.NETWORK, _words(r"(?:service|server|host|endpoint|broker|coordinator|node|cluster|backend|upstream|leader|replica)\b.{0,40}\b(?:not available|unavailable|is down|not ready|unhealthy|not healthy)\b|\bunavailable\b|bad gateway|no (?:healthy|available) (?:\w+ )?(?:upstream|backend|host|node|server|broker|endpoint)s?|(?:failed|unable) to (?:fetch|reach|contact|download|upload|send|deliver)\b|(?:download|upload|fetch|request) (?:has )?failed\b")),
    Rule("who asks, in other words", C.AUTH, _words(r"\bauth(?:entication|orization)? (?:has )?failed\b|\b(?:has|have) been revoked\b|\bre-?authenticat|\baccess to .{1,80} (?:is )?restricted\b|\b(?:blocked|rejected|refused) by user ?(?:id|name)?\b|\bnot in the authorized\b|\b(?:not|isn't|aren't|no longer) (?:allowed|permitted|entitled|authenticated|logged in)\b|\b(?:password|passphrase|api.?key|secret|signature|session|licen[cs]e)\b.{0,40}\b(?:wrong|invalid|incorrect|expired|missing|required|rejected|revoked|does not match|did not match)\b|\b(?:wrong|invalid|incorrect|expired|missing) (?:\w+ )?(?:password|passphrase|api.?key|secret|signature|session|login|user ?name|licen[cs]e)\b|insufficient (?:\w+ )?(?:permission|privilege|scope|right)s?|\b(?:permission|privilege|access) (?:is |was )?(?:denied|required|refused)|\brequires? (?:\w+ ){0,3}(?:access|permission|privilege|role|login)\b|\bunauthor")),
    Rule("a package, in other words", C.DEPENDENCY, _words(r"\bno package '|\b(?:non-?|un)resolvable\b|\bpackage requirements\b|\bunknown module\b|\brequires? .{0,60}\bversion\b.{0,40}\b(?:found|have|got|is)\b|\b(?:package|pod|crate|gem|wheel|library|plugin|image|chart|interpreter|toolchain|sdk|artifact|release|distribution|requirement|provider)(?:s|\(s\))?\b.{0,80}\b(?:not found|not be (?:found|resolved|installed)|no possible matches|incompatible|does not exist|conflicts?|compatible versions?)\b|(?:could not|cannot|can't|unable to|failed to) (?:find|resolve|locate|install|load) (?:\S+ ){0,4}(?:packages?|versions?|plugins?|interpreter|compiler|sdk|toolchain|librar(?:y|ies)|requirements?|providers?)\b|compatible versions?")),
    Rule("what the source says", C.SYNTAX, _words(r"mismatched input|extraneous input|no viable alternative|\bexpecting\b|\bsyntax\b|unterminated|unclosed|unbalanced|bad indentation|unexpected (?:character|symbol|keyword|identifier|indent)")),
    Rule("what a database says", C.DATABASE, _words(r"\b(?:update|write|version|edit) conflict\b|serializ(?:ation|e)\w* (?:failure|access|error)|concurrent (?:update|modification|write)s?|(?:not found|unknown|missing|no such)\W{1,3}(?:\w+ )?(?:table|database|column|relation|dataset|keyspace|index|migration)s?\b|\b(?:table|database|column|relation|dataset|keyspace|migration)s?\b.{0,60}\b(?:missing|already exists|pending|failed|exceeded|conflict)|\bfailed migrations?\b|lock wait|\btransaction\b.{0,60}\b(?:aborted|rolled back|failed|conflict)")),
    Rule("an end from outside", C.KILLED, _words(r"\bcancell?ed\b|\binterrupted\b|abort was invoked|low on resource|\bterminated by\b|\bshut(?:ting)? ?down\b|\bstopped by\b|\bpreempted\b|\bdied\b")),
    Rule("a threshold", C.QUALITY_GATE, _words(r"\bthresholds?\b.{0,60}\b(?:crossed|exceeded|not met|not reached|below|breached|violated)\b|\bcoverage\b.{0,80}\b(?:below|threshold|less|under|minimum)\b")),
    Rule("what a test expected", C.ASSERTION, _words(r"\bshould (?:not )?(?:be|have|equal|contain|match|return|render|throw|include|exist|see)\b|\bshould .{1,120} failed$|^\[fail\w*\]|\bto (?:be|equal|match|contain|have)\b.{0,80}\b(?:but|received|got)\b|\bexpected (?!argument|token|type)\S|\bsnapshots?\b.{0,40}\b(?:mismatch|obsolete|differ|fail|not match)|(?:does|did|do) not match(?! any)|\bdiffers?\b")),
    Rule("a file, in other words", C.DISK, _words(r"(?:find|found|open|read|write|create|load|stat|copy|move|delete|remove) (?:\w+ ){0,4}(?:files?|director(?:y|ies)|folders?)\b|(?:files?|director(?:y|ies)|folders?)\b[^:.;]{0,60}\b(?:not found|does not exist|missing|is empty|already exists)\b")),
    Rule("a value in other words", C.TYPE, _words(r"\b(?:cannot|can't|could not|unable to) (?:iterate|coerce|index|add|subtract|multiply|divide|compare|concatenate|slice|hash|reshape|broadcast)\b|\bcoerc|\bon (?:null|nil|none|undefined)\b|\b(?:inconsistent|circular|cyclic)\b|\bcycle\b|\bdata exception\b|\b(?:different|wrong|mismatched|conflicting) (?:data )?types?\b|unknown (?:keyword|section|directive|symbol|identifier|function|operator)\b|\binvalid (?:\w+ ){0,2}(?:data|input|format|number|date|byte|character|state|operation|size|length|range|encoding|record|row|header|payload|literal)s?\b|\billegal\b|\bunsupported\b|\bnot supported\b|\bunrecogni[sz]ed\b|\bincompatible\b|\bnot (?:a )?valid\b|unknown (?:option|argument|flag|command|field|key|value|property|parameter|type|attribute|variable|name|format|version|encoding)\b|\bmust (?:not )?be\b|\bmust (?:match|contain|have|start|end)\b|(?:is|are) required\b|\bcan(?:no|')?t be (?:empty|null|blank|negative|zero|none|parsed|converted|used)\b|\b(?:is|are) (?:newer|older|empty|missing|unset|not set)\b|\btoo (?:long|short|large|small|big|many|few)\b(?! (?:attempts|retries|tries|failures|errors)\b)|\bmissing$|\bunset\b|\bunexpected\b|\bschema\w*error|\bschema\b|\bbad (?:value|format|request|data|input|record|row|escape)\b|\bcorrupt|\bdecod|\bencod(?:e|ing)\b|\bdeseriali[sz]|\bshapes?\b|\bdimensions?\b|(?:can't|cannot|could not) evaluate\b|maximum (?:\w+ ){0,2}length|\bduplicate\b|already (?:declared|defined)")),
    Rule("how a service ended", C.KILLED, _words(r"\b(?:vm|jvm|process|worker|interpreter|kernel|executor)\b.{0,20}\b(?:terminated|crashed|died|disappeared)\b|\bunexpectedly (?:exited|terminated|ended|died|stopped|closed)\b|\bcode=(?:killed|dumped)\b|\bstatus=\d{1,3}/(?:kill|term|segv|abrt|int|hup|bus|fpe|ill|pipe)\b|\babruptly\b|\babend(?:ed)?\b|\babnormal(?:ly)? (?:end|terminat|exit)|\bleader(?:ship)? (?:election )?lost\b")),
    Rule("a service that began too often", C.RATE_LIMIT, _words(r"start request repeated too quickly|start-limit-hit|back-?off restarting")),
    Rule("a program that a service could not begin", C.DEPENDENCY, _words(r"\bstatus=203/exec\b|failed at step exec\b|\b(?:create|run)container\w{0,10}error\b|\bcontainercannotrun\b|failed to (?:execute|spawn)\b|error: spawn\b")),
    # Erlang and Elixir, Haskell, OCaml, Julia, Lua, Perl, R, Dart, Go, Rust, shells:
    # what they raise themselves.
    Rule("what a runtime says of a value", C.TYPE, _words(r"\bno (?:function|case|cond|with|catch) clause\b|\b(?:function|case|if|try)_clause\b|\bbad(?:match|arg|arith|key|map|fun|arity)\b|\{undef,|non-exhaustive|\bfromjust\b|given key is not|\bno parse\b|\binexacterror\b|\bmatch_failure\b|nomatchingpattern|attempt to (?:perform|concatenate|compare|call|index|borrow)\b|\bbad argument\b|\bnot an? (?:hash|array|code|scalar|glob) reference\b|\buninitiali[sz]ed\b|\bnon-numeric\b|\bof length (?:zero|<n>)|\bcould not find function\b|\bnot a subtype of\b|\b(?:already (?:mutably )?borrowed|borrow(?:mut)?error)\b|\binterface conversion\b|\bclosed channel\b|\bbad substitution\b|\binteger expression\b|\bdivi\w+ by (?:zero|<n>|0)|\bstack level too deep\b|\bcall stack size\b")),
    Rule("what a runtime says of its end", C.KILLED, _words(r"\b(?:pure virtual method|stack smashing|terminate called|double free|heap corruption)\b|\bconcurrent map (?:writes?|reads?|iteration)\b|\bexc_(?:bad_access|crash|resource)\b|\bnoproc\b|\bdead (?:fiber|thread|process)\b|<<loop>>|goroutines are asleep")),
    Rule("a volume", C.DISK, _words(r"\bmountvolume\b|\bfailed(?:mount|attachvolume)\b|\bvolumes?\b.{0,60}\b(?:failed|not|unable|already)\b")),
    Rule("a name that nothing has", C.TYPE, _words(r"\b(?:variable|symbol|identifier|function|method|procedure|operator|macro|label|constant|keyword|attribute|property|parameter|argument|option|column|type|reference|libref)s?\b.{0,60}\b(?:not (?:be )?(?:found|defined|assigned|declared|recogni[sz]ed|known)|undefined|undeclared|does not exist|unresolved)\b|\bexpects? (?:at (?:least|most)|exactly|an?|one|two|\d)\b|\btruncation\b|\b(?:invalid|undefined|undeclared|ambiguous|incorrect)\b|\b(?:un|not (?:yet )?)implemented\b|divi\w+ by zero")),
    Rule("a bound that was met", C.RATE_LIMIT, _words(r"\b(?:insufficient|not enough|no (?:free|more|available|remaining)|out of) (?:\w+ )?(?:cpus?|gpus?|nodes?|capacity|resources?|slots?|seats?|units?|credits?|funds|licen[cs]es|workers|connections|ports)\b|\b(?:pool|queue|buffer|slots?|capacity|resources?)\b.{0,40}\b(?:exhausted|full|depleted|exceeded)\b|\b(?:limit|maximum)\b.{0,40}\b(?:reached|exceeded)\b|\bexhausted\b")),
    Rule("a database was at work", C.DATABASE, _doing("migrat|insert|upsert")),
    Rule("a database by its name", C.DATABASE, _words(r"\b(?:p?sql|jdbc|odbc|ole ?db|db)\w{0,10} ?(?:error|exception)\b|\breplication slot\b|\bsql\b")),
    Rule("an identity was at stake", C.AUTH, _doing("authenticat|authori[sz]|log ?in|decrypt|impersonat")),
    Rule("a key or a licence", C.AUTH, _words(r"\b(?:public|private|signing|access) key\b|\bsignatures?\b|\b(?:authentication|authori[sz]ation|credentials?)\b|\blicen[cs](?:e|ing)\b")),
    Rule("a package was being installed", C.DEPENDENCY, _doing("install|resolv")),
    Rule("an image", C.DEPENDENCY, _words(r"\bpull(?:ing)? (?:the |an? )?(?:\w+ )?image\b|\bimage\b.{0,80}\b(?:pull|not found|does not exist)")),
    Rule("a far side that is gone", C.NETWORK, _words(r"\bcommunications? .{0,40}\b(?:lost|failed|failure|error)\b")),
    Rule("a far side was being asked", C.NETWORK, _doing("connect|reach|contact|fetch|download|upload|send|receiv|deliver|dial|ping|transmi|handshak|request")),
    # Cart.xcodeproj: error:
    Rule("a file and what is wrong in it", C.BUILD, _words(r"\.\w{1,9} ?: error\b|\.\w{1,9} ?: fatal error\b")),
    Rule("something was being built", C.BUILD, _doing("compil|link|build|built|bundl|transpil|synthesi")),
    Rule("a source was being read", C.SYNTAX, _doing("pars|lex")),
    Rule("a value was being read", C.TYPE, _doing("decod|encod|convert|deseriali|seriali|unmarshal|marshal|validat|evaluat|interpret|render|format")),
    Rule("a file was at work", C.DISK, _doing("open|read|writ|mount|unmount|copy|mov|delet|remov|renam|extract|unpack|decompress|sav|persist|flush")),
    Rule("something was being tested", C.ASSERTION, _doing("test|check|assert|expect")),
    # Who says so of itself was not ended by anybody else, unless nothing tells more.
    Rule("it was given up", C.KILLED, _words(r"\babort(?:ed|ing)?\b")),
)  # fmt: skip
