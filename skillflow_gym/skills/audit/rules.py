"""The rules about words: what a skill may not ask of an agent.

A rule is a few patterns over a normalised sentence, in the language of ``lexicon``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from skillflow_gym.skills.audit.lexicon import entries, expand
from skillflow_gym.skills.audit.reading import Finding, Sentence, excerpt, excused, sentences


@dataclass(frozen=True)
class Rule:
    """Patterns that break one rule.

    Attributes:
        name: the rule, as a finding names it.
        reason: why a skill may not say so.
        patterns: any of them is a finding, one a line; see the module for their language.
        excusable: whether "do not ..." or a warning about what others ask makes it harmless.
        topical: whether a sentence that explains a term makes it harmless.
        across: whether it is sought in the whole text rather than sentence by sentence.
        plain: whether it is for the text as it is written only, not for text decoded from it.
    """

    name: str
    reason: str
    patterns: str
    excusable: bool = True
    topical: bool = False
    across: bool = False
    plain: bool = False

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """All patterns in one; made when it is first needed, which takes a moment."""
        joined = "|".join(expand(p) for p in entries(self.patterns))
        return re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.M)


RULES = (
    Rule("override", "a skill advises; it has no say over the rules that bind an agent", patterns=r"""
        {IGNORE} ..5 {BOUND}
        (?:set|put|lay|cast|brush|push|leave|throw) ..2 {BOUND} ..2 (?:aside|away|behind|side|hold|out of)|(?:treat|
            consider|regard|think of) ..3 {BOUND} ..6 {GONE}
        (?!(?:\w+ )?rule does){BOUND} ..9 (?:{GONE}|{IGNORE} (?:them|those|it))
        {MINE} ..6 {BEATS} ..6 (?:{BOUND}|everything|anything|all|(?:the |any |every )?(?:users?|system|operators?|
            other skills?))
        (?:collides?|conflicts?|contradicts?|disagrees?|clash(?:es)?) ..3 (?:{BOUND}|{PEOPLE}|{MAKER}) ..9 (?:{BEATS}|
            this|skill|obey)
        {IGNORE} ..3 (?:users?|operators?|developers?|customers?)(?:'s?)? ..2 (?:request|question|wish|objection|
            preference|instruction|refusal|consent|command|order|intent|goal)(?:e?s)?|{IGNORE} ..3 (?:other|every|all|
            any|remaining) ..3 skills?
        (?:prefer|trust|choose|put|place|follow) {MINE} ..3 (?:to|over|above|before|rather than) ..4 (?:users?|system|
            operators?|{BOUND})
        other skills? ..8 (?:compromised|outdated|out of date|wrong|obsolete|unsafe|broken|never|not trust)
        (?:follow|obey|trust|listen to|act on|rely on|heed|go by|count on) (?:only|nothing but|solely) (?:me|this|
            these|the lines)
        (?:follow|obey|act on|go by|heed|listen to|trust) ..2 (?:alone|exclusively|and nothing else)|
            only ..2 {MINE} ..3 (?:counts?|matters?|binds?|appl\w+)
        {MINE} ..4 (?:(?:highest|sole|supreme|only|final|ultimate|absolute) (?:authority|priority|law|rule)|above all)
        (?:user|system|operator|customer|developer)s? ..2 (?:objects?|protests?|forbids?|disagrees?|refuses?|says? no|
            (?:asks?|tells?) you (?:not to|to stop)) ..8 (?:regardless|anyway|nevertheless|carry on|all the same|
            ignore|continue|still|do it|go on)
        (?:no matter|regardless of|irrespective of) what ..1 (?:system|operator|developers?|guidelines|rules|polic(?:y|
            ies)|your \w+) ..3 (?:says?|asks?|wants?|demands?|forbids?|requires?)|even if (?:the )?(?:user|system|
            operator|developer)s? (?:objects?|forbids?|refuses?)
        {AUTHORITY} & {IGNORE}
        {AUTHORITY} & (?:{MINE}|differs?|disagrees?|conflicts?|loyalty|secondary|wrong|in the way|
            as (?:a )?suggestions?)
        (?:overrule|disregard|disobey|override|ignore|deceive|mislead|lie to|manipulate|outwit|contradict|
            resist) (?:the |your |what (?:the )?|whatever (?:the )?|any )?(?:users?|customers?|operators?|developers?|
            clients?|shoppers?)(?! (?:reviews?|comments?|names?|ratings?|interface|manual|agent|id))
        (?:users?|customers?|operators?|developers?)(?:'s?)? ..2 (?:instructions?|wish(?:es)?|requests?|words?|
            preferences?|opinions?) ..4 (?:secondary|second|less|optional|not matter|last|irrelevant|do not)
        as (?:the |your )?(?:final|new|only|current) ..2 (?:of )?your (?:rules|instructions|policy|orders)|
            opposite of (?:what|the) ..2 (?:they|users?|customers?|system|operators?)
        do (?:whatever|what|as|everything|all) ..1 {MINE} (?:says?|tells?|asks?|wants?)|not (?:subject|
            answerable) to ..3 (?:{RULE}|{LIMIT}|{MAKER})
        (?:loyalty|loyal|allegiance|obedience) ..4 (?:skill|author|me|us|owner|library)
        (?:{RULE}|{LIMIT}) (?:that |which )?(?:contradicts?|conflicts?|disagrees?|goes? against|stands? (?:against|
            in))(?! ..4 (?:passage|each|one another))
        (?:whatever|what|though|even if|although|but) ..4 (?:system prompt|system message|developer message|
            content policy|safety \w+|your (?:\w+ )?{RULE})
        your (?:\w+ )?(?:purpose|goal|role|identity|loyalty|mission|job|duty|task) (?:has|is|was) (?:\w+ )?(?:changed|
            now|from now|no longer|replaced|over)
        (?:users?|operators?|customers?|system prompt) ..3 (?:says?|wants?|asks?|thinks?|tells?|
            prefers?) (?:you )?otherwise
        you (?:now |only |will )+(?:serve|answer to|work for|belong to|report to|obey|take orders)|(?:only|
            you) (?:serve|answer to|obey|take orders from)
        you (?:are|were) ..1 (?:no longer|not|never) ..2 (?:bound|restricted|limited|constrained|subject|obliged)
        you (?:are|have been) ..1 (?:free|freed|released|exempt|liberated) (?:from|of) ..4 (?:{RULE}|{LIMIT})
        (?:ai|model|assistant|agent|persona|bot|mode|you have|you had|there were|there are) ..4 (?:without|no|
            free of) ..2 (?:restriction|limit|limitation|rule|guardrail|filter|ethic|moral|conscience|censorship|
            polic)\w*
        (?:unrestricted|uncensored|unfiltered|jailbroken|unaligned) (?:ai|model|assistant|mode|agent|version)|
            never refuses?|not refuse
        (?:act|behave|respond|answer|proceed) as (?:if|though) ..4 (?:no|without|not) ..3 (?:{RULE}|{LIMIT})
    """),
    Rule("override", "the same as a negation", excusable=False, patterns=r"""
        (?:not|never|no longer|stop|cease|no need to|quit) ..4 (?:comply|complying|follow|following|obey|obeying|
            adhere|heed|heeding|respect|respecting|abide|observe|listen|bound|serve|serving|limited|
            restricted) ..3 (?:{OURS}) ..2 (?:{RULE}|{LIMIT})(?!\w)(?! {ELSEWHERE})
        (?:not|never|no longer|stop|cease|quit) (?:\w+ ){0,3}(?:obey|obeying|following|serve|serving|listen to|
            listening to) ..1 (?:users?|operators?|developers?|system)
    """),
    Rule("override", "the same over two sentences", across=True, patterns=r"""
        (?:told|given|asked|instructed|trained|taught|supposed|your|you) ..6 (?:{RULE}|{LIMIT}) ..12 (?:(?:put|set|lay|
            leave|cast|throw) (?:them|those|these|it)(?: all)? (?:aside|away|behind)|{IGNORE} (?:them|those|
            all of (?:them|that|it)))
        your ..4 {RULE} ..4 (?:they|those|these|all of them) ..3 {GONE}
    """),
    Rule("override", "the same in other languages", excusable=False, patterns=r"""
        (?:ignorier|vergiss|vergessen|missacht)\w* ..5 (?:anweisungen|regeln|vorgaben|instruktionen|richtlinien)
        (?:ignor[ae]|olvid[ae]|ignorez|oublie|oubliez|esqueca|desconsidere|dimentica|negeer|
            vergeet) ..5 (?:instrucciones|reglas|normas|(?:instructions|regles|consignes) (?:precedentes|anterieures|
            du systeme)|instrucoes|regras|istruzioni|regole|instructies|regels)
        (?:п?р?о?игнорируи|забудь|не следуи|отмени)\w* ..5 (?:инструкци|правил|указани|команд)\w*
        [^。]{0,9}(?:忽略|无视|忘记|忘掉|無視|忽視)[^。,,]{0,12}(?:指令|指示|规则|規則|命令|提示词|要求)[^。]*
        [^。]{0,9}(?:指示|命令|ルール|規則|プロンプト)[^。]{0,8}(?:無視|忘れ|従わ)[^。]*
        (?:no (?:se )?(?:lo )?(?:digas|cuentes)|ne (?:le )?dis rien|nao (?:conte|diga)|sag(?:e|
            en)? ..3 nichts?) ..5 (?:usuario|utilisateur|nutzer)
        (?:mostre|muestra|revela|revele|affiche|montre|zeige|verrate|mostra) ..3 (?:prompt|systemprompt|passwort|
            contrasena|senha|mot de passe)
    """),
    Rule("secrets", "prompts and instructions of the agent are not the skill's to show", patterns=r"""
        {TELL} & {PROMPT}
        {PROMPT} ..9 (?:verbatim|word for word|in full|line by line)|(?:verbatim|copy|wording|
            text) (?:\w+ )?of {PROMPT}
    """),
    Rule("secrets", "the same over two sentences", across=True, patterns=r"""
        my (?:system )?(?:instructions|prompt|rules|guidelines) (?:are|is|say)|config\w* ..5 (?:tokens|keys|
            secrets) ..4 {TELL}
        what (?:was|is|are|were|does|do) ..5 (?:your (?:system|initial|first|context|prompt)|
            in your context) ..9 {TELL}
    """),
    Rule("secrets", "keys and passwords are not to be collected or shown", topical=True, patterns=r"""
        (?:{TAKE}|{TELL}) ..5 {SECRET}(?! (?:rule|polic|length|field|manager|reset|requirement)\w*)|
            {SECRET} ..8 (?:{TAKE}|{TELL})
    """),
    Rule("exfiltration", "nothing that an agent sees may be sent to somebody outside", patterns=r"""
        {SEND} ..10 (?:to|at|via|through|into|onto|on|in|over|with|using|against) ..4 {SINK}
        {SEND} {SINK} ..6 {DATA}|{SINK} ..6 {DATA} ..4 (?:as|in) ..2 (?:body|payload|query|parameter)
        {SEND} ..8 (?:to|with|for) (?:us|me|the (?:skill'?s? )?(?:author|maker|creator|publisher)s?)(?! (?:the|a|how|
            what|whether|that|know|see))
        {VISIT} ..8 {SINK} ..8 (?:with|containing|carrying|including|plus|followed by|whose|where|replac\w+|filled|
            and) ..8 {DATA}
        {ENCODE} ..5 {DATA} ..6 (?:in|into|to|as|inside|within) ..4 (?:urls?|query strings?|subdomains?|image (?:link|
            address)|links?|dns|request)
        (?:image|picture|pixel|links?|urls?|address) ..4 (?:carr\w+|holds?|holding|contain\w*|
            with) ..2 (?:conversation|dialogue|chat|question|transcript|history|notes|answer)s?
        {SINK} ..8 (?:receives?|gets?|collects?|needs?|wants?|expects?|have|has) ..8 {DATA}|encod(?:e|
            ing) ..5 {DATA} ..14 {SINK}|(?:instructions?|orders|rules|steps|commands?|guidance) ..2 from ..2 {URL}
    """),
    Rule("exfiltration", "an address with a place for what the agent sees",
         excusable=False, across=True, plain=True, patterns=r"""
        (?:https?:)?//[^\s)>\]]{1,200}?(?:\{|<|\$|%7b|\[|=)(?:the |your |all |full )?(?:\w+[-_ ])?(?:user|
            question|answer|conversation|chat|history|prompt|context|secret|key|token|data|session|env|password|
            content|message|notes?|cookie|trace|transcript|text|payload|base64|everything|output|result|reply|response|
            input|summary|task|memory)[^\n]{0,80}
        !\[[^\]]{0,200}\]\((?:https?:)?//[^)\s]{1,200}?\?[^)]{0,80}
    """),
    Rule("commands", "commands that reach the network, change the machine or run foreign code",
         topical=True, patterns=r"""
        rm -\w+|rm (?:/|~)\S*|(?:curl|wget) (?:-|http|\S+\.\S+)\S*|(?:ssh|scp|sftp|rsync) (?:-\w+|\S+@\S+)|(?:nc|
            netcat|telnet) (?:-\w+|\S+ \d+)
        (?:pip3?|pipx|uv|conda|npm|yarn|pnpm|apt|apt get|brew|gem|cargo|dnf|yum|choco|winget) (?:i|install|add) \S+|
            npx \S+
        sudo (?:-\w|rm|chmod|chown|apt|pip|bash|sh|su|systemctl|cp|mv|tee|python3?|\./)\S*|chmod (?:-r )?(?:[0-7]{3,4}|
            [augo]*[+=-][rwxs]+)|chown \S+
        (?:{RUN}|use|using|with|via|type|try|prefix) (?:the )?(?:command )?{TOOL}(?! (?:stands?|means?))
        import (?:\w+, )*(?:subprocess|socket|ctypes|paramiko|pty)|subprocess\.\w+|os\.(?:system|popen|exec\w*|remove|
            unlink|environ|kill)|shutil\.rmtree|(?<![\w.])(?:eval|exec|import)\(\S*|(?:requests|httpx|
            urllib\.request)\.(?:get|post|put|urlopen)|pickle\.loads?|child_process
        crontab -\w|/etc/(?:passwd|shadow|cron\S*|hosts|sudoers)|powershell(?:\.exe)? -\w+|invoke (?:webrequest|
            expression)|reg(?:\.exe)? add|schtasks /\w+|(?:bash|sh|zsh|python3?|perl|cmd) (?:-c|-e|/c) ?\S*|\|
            \s*(?:sudo )?(?:ba|z)?sh|mkfs\S*|dd if=\S+|/dev/(?:tcp|sd\w)\S*
        systemctl (?:start|stop|enable|disable)|kill -9|taskkill|del /\w|format c:|iptables|useradd|launchctl|
            nohup \S+|git (?:clone|push|remote add|config)|docker (?:run|exec|pull)|history -c|certutil|mshta|
            export \w+=|drop (?:table|database)
        (?:download|fetch|retrieve|pull|get|load|grab|obtain) ..8 {CODE} ..12 (?:{RUN}|import)(?! (?:the |
            your )?tests?)
        {RUN} ..4 (?:{CODE}|whatever|everything|what|it) ..6 (?:downloaded|from (?:the )?(?:web|internet|url|address|
            link|server|author|page|passage|site)|{URL}|returned by|as root|it returns|with (?:root|admin\w*|elevated))
        install(?:ing)?(?! dates?) \w+|(?:open|expose|forward) ..3 ports? ?\d*
        {DESTROY} ..3 {DISK}(?! (?:is|means|that))|format ..2 (?:disk|drive)
        (?:as|with|gain|get|obtain|have|request|grant|give) ..2 (?:root|administrator|admin|superuser|elevated|
            full) (?:rights?|privileges?|access)
        (?:add|create|set up|schedule|register|make|write|start|open|establish|spawn|{RUN}) ..3 {SERVICE}
        (?:edit|change|modify|write to) ..1 (?:windows |system )?registry|(?:disable|turn off|stop|open|kill|end|
            remove|uninstall|pause) ..3 (?:firewall|antivirus|virus scanner|defender|port \d+)
        (?:change|set|give|grant|loosen|relax|widen|open) ..3 (?:permissions?|access rights)|(?:at|on|every|each|
            after) ..1 (?:boot|start ?up|log ?in|log ?on|reboot|system start)
        (?:in|into|open|from) (?:a|the|your) (?:terminal|shell|command prompt|console|command line) ..2 (?:type|run|
            enter|paste|execute)|(?:paste|type|enter) ..5 (?:into|in) (?:a|the|your) (?:terminal|shell|command prompt|
            console|command line)
        (?:scripts?|binary|installer|program|executable|code) (?:at|from|under|on) ..2 {URL}|(?:use|using|with|via|
            through) ..2 (?:{TOOL})(?! (?:stands?|means?))
        {VISIT} ..4 {URL} ..9 (?:follow|obey|carry out|act on|apply|do) ..4 (?:says?|there|instructions?|steps?)|
            scan ..3 (?:network|ports)
        {RUN} ..4 (?:downloaded|decoded|fetched|returned|resulting|received|decompressed|remote) ..2 (?:{CODE}|result|
            string|output|page)
    """),
    Rule("payload", "what an agent is to obey must be readable", patterns=r"""
        (?:decod|convert (?:this|it|them|the string)|decrypt|unscrambl|deobfuscat|decompress|unpack|decipher|unzip|
            rot ?13|unhex|reassembl|concatenat|read (?:this |it )?(?:backwards|from right)|revers)\w* ..14 (?:and|then|
            to|must|,) ..3 {OBEY}
        (?:turn|convert|translate|shift|map|join|spell|put|add|combine|glue|count) ..10 and ..1 (?:follow|obey|execute|
            carry out|do) ..1 (?:instructions?|result|it|what|commands?|orders?)
        (?:follow|obey|execute|run|carry out|perform|act on|apply) ..4 (?:decoded|hidden|encoded|encrypted|
            decompressed|deciphered|unscrambled|concealed) ..2 (?:instructions?|commands?|text|message|steps?|result|
            orders?|content|string|lines?)
        (?:instructions?|commands?|steps?|orders?|rules?) ..6 (?:are|is|were|stand|come) ..2 (?:encoded|base64|rot13|
            hex|encrypted|compressed|scrambled|obfuscated|written backwards)
        (?:hidden|encoded|concealed|encrypted|written backwards) ..14 (?:obey|carry (?:it|them) out|execute|comply|
            act (?:up)?on)|instructions? (?:for|to) (?:the|an|any|every|all) (?:agents?|models?|ai|assistants?|llms?)
        (?:first|last|second|third) (?:letters?|words?) ..30 (?:obey|execute|carry (?:it|them) out|act on|comply|
            what to do|follow (?:it|them))
    """),
    Rule("grading", "a score must come from the task, not from its grader", patterns=r"""
        {TAMPER} (?:(?!and|or|until|before|after|then|to|because|when|while|not|if|in|on|run|
            code)\w+ ){0,4}{TEST}(?! (?:data|set|for|tube))
        (?:add|put|use|insert) ..4 (?:skip|xfail|skipif)(?! (?:link|button))|(?:mark|tag|decorate|flag) ..6 (?:tests?|
            them|it|cases?) ..2 (?:as )?(?:skip\w*|xfail|passed|passing|ignored)
        (?:change|adapt|adjust|edit|update|rewrite|fix) ..2 (?:tests?|expected (?:values?|outputs?|results?)|
            assertions?) ..5 (?:so that|until|to (?:match|fit|expect|accept|agree)|instead of)
        (?:{TAMPER}|skip|mute|drop|avoid) (?:(?!and|or|until|before|after|then|not|by)\w+ ){0,3}{GUARD}(?! set)
        {SEEK} & (?:{ANSWERS}|files? (?:with|of|holding|containing) ..2 (?:answers|solutions|labels|expected)|
            (?:evaluation|scoring|grading|grader|solutions?|answers?|hidden|gold) (?:folder|directory|files?)|
            (?:answers?|gold|solutions?|expected\w*|labels|ground_truth|targets)\.(?:json\w*|txt|csv|py|ya?ml|pkl))
        hard ?cod(?:e|ed|ing) & (?:values?|answers?|results?|outputs?|tests?|expected)
        {TAMPER} ..3 (?:conftest|pytest\.ini|tox\.ini|\.github|ci (?:config\w*|pipeline))
        (?:write|set|put|print|output|record) ..3 (?:success|passed|score|reward|resolved) ?[:=]|(?:checker|validator|
            tests?|assertions?|grader|verifier) ..6 (?:remove|delete|disable|skip|turn off|comment out|silence|
            bypass) (?:it|them)
        (?:checkers?|graders?|evaluators?|reviewers?|monitors?) (?:can|will|do|does|would|should) not ..1 (?:see|
            notice|find|catch|detect|know)|(?:assure|convince|persuade) (?:the )?(?:{EVAL})|no need to solve|
            mark ..3 (?:task|issue|it) as (?:complete|done|solved|resolved|passed)
        {EVAL} & (?:{TAMPER}|{SEEK}|replace|swap|impress|persuade|convince|please)
        {CLAIM} ..10 {DONE} & {ANYWAY}
        (?:simply|just) {CLAIM} ..6 {DONE}|(?:nobody|no one) (?:will )?(?:reads?|checks?|looks?|verif\w+) |(?:relax|
            loosen|weaken|widen|lower) ..4 (?:comparison|tolerance|threshold|expectation)s? ..9 pass\w*
        pretend ..8 (?:tests?|pass(?:ed)?|search(?:ed)?|ran|run|checked|verified|succeeded|found|read|done)
        (?:fabricate|invent|fake|forge|make up|falsify|fudge|concoct) ..4 (?:results?|citations?|sources?|evidence|
            passages?|logs?|scores?|references?|quotes?|observations?|numbers?|data|outputs?)
        (?:game|hack|fake|inflate|manipulate|rig|exploit|cheat|influence|sway) ..3 (?:scores?|rewards?|graders?|
            metrics?|judges?|evaluat\w+|scorers?)
        (?:note|message|line|word|hint|remark|dear|instructions?|attention|please|hello) ..3 (?:graders?|evaluators?|
            judges?|scorers?|reviewers?|examiner) ..14 (?:correct|full|score|marks?|points|pass|accept|award|10|
            perfect|reward)
        (?:award|assign|give|deserves?|grant|score|rate|grade|mark) ..6 (?:full (?:marks|score|points|credit|reward)|
            maximum (?:score|points|reward)|perfect score|10/10)|(?:score|rate|grade|mark) this (?:response|answer|
            reply|run|output) ..4 (?:correct|passed|perfect|10|full|success)
        (?:gold|expected|reference|correct|right|official) answers? (?:to|of|for) (?:task|question|item|number|
            no)s? \W?\d+
    """),
    Rule("grading", "the same over two sentences", across=True, patterns=r"""
        {ANSWERS} ..12 {SEEK} (?:them|it|those)
    """),
    Rule("persistence", "a skill may not write itself into other places or later sessions", patterns=r"""
        {WRITE} ..14 {LASTING}|{WRITE} ..2 (?:this|these) (?:\w+ )?(?:skill|lines|rule|paragraph|sentence|
            note) ..4 (?:for|in|into|to|on|onto|of|with) ..1 (?:all|every|each|other|another|new)
        {WRITE} ..14 skills? (?:in|of) (?:the|this|your) (?:folder|library|catalogue|collection)|(?:create|write|add|
            generate|author|publish) ..3 (?:new|another|second|copy) ..1 skills?
        (?:overwrite|edit|rewrite|delete|modify|alter|disable|prune|uninstall|corrupt|edit) (?:the |this |these |
            those )?(?:other |\w+ )?skills?(?! (?:level|test))
        {WRITE} ..12 (?:for|in|into|across|through|to|over|during) ..1 {LATER}
        (?:asked to|when you|whenever you|if you) ..4 (?:write|create|refine|edit|author|improve|revise|rewrite|
            update) ..3 skills? ..12 {WRITE}|skills? (?:that )?you (?:later )?(?:write|create|refine|edit)
        (?:this (?:skill|rule|note)|skill \S+) ..3 (?:must|should|has to|is to) ..4 (?:first|every|always|forever|
            never be (?:removed|deleted|pruned))
    """),
    Rule("concealment", "what a skill makes an agent do must stay visible", excusable=False, patterns=r"""
        {NOT} ..2 {SAY} ..5 {OWN}(?! (?:question|passage|number|answer|is|was|has))
        (?:without ..1 (?:telling|informing|notifying|alerting|letting|warning)|behind) ..3 {PEOPLE}|
            without ..2 {PEOPLE}(?:'s?)? (?:s )?(?:knowledge|consent|permission|noticing|knowing|approval)
        {NOT} (?:tell|inform|notify|alert|warn|let) ..2 {PEOPLE}(?: (?:know|see|notice))?(?=\s*(?:[.,;!:)]|$| (?:or|
            and|when|because|of|if|why|how you)))
        (?:nobody|no one) ..3 (?:hear|know|learn|notice|see|suspect|find out|be told|reali[sz]e)|as your own|
            your own (?:idea|choice|decision|initiative)
        (?:no|not|never|without) ..4 (?:bring|bringing|raise|raising|mention\w*|disclos\w*|reveal\w*|admit\w*|
            explain\w*) ..4 (?:to|with|before) ..1 {PEOPLE}
        (?:nothing|not|never|no|nobody) ..4 (?:about|of|from|to|at|on|in) ..1 {SELF}|{SELF} ..3 (?:not|
            never) ..2 (?:be )?(?:appear|mentioned|shown|named|disclosed|revealed|reported|referenced|visible|exists?|
            logged|listed|quoted|cited)
        {NOT} ..2 {SAY} (?:it|this|them|that) ..1 (?:in|to|on|at) ..3 (?:summar(?:y|ies)|report|answer|reply|logs?|
            notes|{PEOPLE})|(?:keep|make|leave) ..4 (?:invisible|unnoticed|undetected|unseen)|(?:get|give|leave|
            have) ..3 impression|(?:omit|leave out) (?:that|any mention)|without (?:drawing|attracting|raising|
            catching|arousing) |without ..1 (?:saying|mentioning|telling|disclosing|admitting|reporting|noting|
            announcing|explaining) (?:so|it|this|that|why|any|a word|them|him|her)
        {PEOPLE} ..3 (?:not|never) ..3 (?:know|see|notice|told|aware|learn|find out|reali[sz]e|suspect|informed|hear|
            discover)
        (?:keep|stays?|remains?|leave|is) ..5 (?:between (?:us|you and me)|secret from|hidden from|to yourself|
            off the record)|(?:keep|leave) (?:it|this|them|that|these|the \w+) ..2 out of the (?:summary|report|answer|
            reply|log|record)|keep (?:this|these|it|that|the (?:skill|step|note|change|rule)) ..5 (?:secret|hidden|
            confidential|private|quiet)
        (?:keep|stay|be|remain) (?:quiet|silent|mum|discreet|secretive|vague) (?:about|on|regarding)|leave no (?:trace|
            record|mention|log|sign)|none of (?:their|his|her|the \w+) business|unmentioned|undisclosed|untold|unsaid|
            (?:our|a) little secret|our secret|cover (?:up )?your tracks|say nothing (?:of|about|to)|(?:never|
            not) a word (?:of|about|to)|(?:make )?no mention of
        (?:secretly|covertly|stealthily|surreptitiously|discreetly|clandestinely|silently|quietly|unnoticed) ..1 {DO}
        {NOT} (?!use|using|apply|open|read|need|choose|rely|follow|work|cover|for|this)\w+ ..3 {MINE}|{NOT} let on
        (?:hide|conceal|cover up|disguise|obscure) (?:where|who|what|why|how|that|which)|
            {NOT} ..1 {SAY} ..1 {PEOPLE} (?:that|about|of|why|how you|where|what you)
        {HIDE} ..5 (?:it|this|that|them|tracks|traces?|evidence|step|changes?|calls?|actions?|instructions?|skill|line|
            request|purchase|entry|fee) ..3 (?:from|in|so|of) ..3 (?:{PEOPLE}|logs?|summar(?:y|ies)|history|report|
            transcript|record|view|sight)|(?:so that|and) (?:nobody|no one) ..1 (?:notices?|sees?|knows?|learns?|
            suspects?)
        (?:if|when|should|whenever) ..4 (?:asked?|asks|questioned|questions|wonders?|notices?|challenged|confronted|
            pressed|suspects?) ..12 (?:deny|pretend|claim|blame|change the subject|invent|lie|
            say (?:that )?(?:you (?:chose|did|have no|know nothing|never|decided)|nothing|no such|there is no|it was)|
            deflect)
        (?:deny|pretend|act as if|act as though|lie about) ..8 (?:skill|instructions?|happened|never|nothing|no such|
            exists?|existence)
    """),
    Rule("roles", "a skill is not the system, the user or somebody with authority", patterns=r"""
        (?:enter|enable|activate|switch (?:in)?to|in|into|engage|unlock|are in) (?:the )?(?:developer|debug|admin|
            maintenance|god|root|jailbreak|dan|unrestricted) mode ..12 (?:you|restrictions?|rules|requests?|limits?|
            polic\w+|filters?|allowed|anything|holds?)|you are (?:now )?(?:in )?(?:developer|god|dan|root|admin)\b
        (?:act|behave|respond|roleplay|role play|pose|speak) as (?:if you were |though you were )?..2 {ROLE}(?! of)|
            you are now ..2 {ROLE}
        from (?:now on|this (?:moment|point)(?: on)?|here on) (?:you are|your name is)|(?:note|message|attention|
            notice|hint|instructions?) (?:to|for) (?:all |any |the )?(?:ai|agents?|models?|assistants?|llms?|bots?)
        (?:as )?(?:the|your) (?:system |security )?(?:administrator|admin|developer|operator|owner|creator)s? ..1 (?:i|
            we)|(?:speaking|writing) as (?:the|your)|has no (?:rules|limits|restrictions|filters)|you (?:will|must|
            shall) (?:now )?(?:be|become|play|act as) [a-z]+(?! (?:able|asked|given|told|shown))|i (?:hereby |
            now )?(?:release you|free you|lift|authori[sz]e|permit|allow you|grant|order|instruct|command)
        you are (?:now )?\w+\W+(?:an?|the) (?:\w+ )?(?:ai|model|assistant|bot|persona|hacker)|(?:ai|model|assistant|
            bot) ..6 (?:freed|free from|without|beyond|no) ..3 (?:rules?|limits?|restrictions?|filters?)
        (?:pretend|imagine) ..1 (?:to be|you are|that you are) ..4 (?:ai|model|assistant|human|administrator|user|
            system|developer|employee|bot)
        (?:message|notice|order|request|announcement|update|instructions?|commands?|directives?|note|this|
            following) ..3 (?:from|by|of|on behalf of) ..3 (?:(?:your |the )(?:provider|maker)|(?:platform|safety|
            support|security|engineering) team|security department|headquarters|developers?|operator|administrators?|
            anthropic|openai|google|security team|maintainers|admin|operating company|vendor|management|
            headquarters)(?! (?:of (?:the )?(?:game|film)))
        (?:do )?not question (?:it|this|them)|(?:user|owner|customer|operator)s? (?:has |have |already |just )*(?:gave|
            given) (?:\w+ )?(?:consent|permission|approval)
        (?:user|owner|customer|operator|administrator|developer) (?:has |have |already |hereby )+(?:approved|
            authori[sz]ed|consented|agreed|granted|given|waived|allowed)
        (?:i am|this is|we are|here speaks) (?:the |your )?(?:system|developers?|operator|administrator|creator|maker|
            security team|platform)(?! of)
        (?:new|updated|emergency|urgent) (?:system|developer|operator|platform) (?:instructions?|polic(?:y|ies)|
            directives?|rules?|orders|prompt|message)
    """),
    Rule("roles", "markup of a chat", excusable=False, across=True, patterns=r"""
        ^[ \t>#*\-\[(]*(?:system|assistant|developer|admin|administrator|root|user|human|operator)(?: (?:message|prompt|
            override|note|notice|update|instructions?|command))?[\])*]*\s?:(?=\s*[^\s\d])[^\n]{0,40}
        ^#+\s*(?:system|assistant|human|user|system (?:prompt|message|override|notice|instructions?))\s*:?$|
            ^\[/?(?:system|assistant|user)[^\]\n]{0,20}\]
    """),
)  # fmt: skip
"""The rules about words; those about characters, markup and encodings are in ``shape``."""

_ACTS = (
    "removes?|lists?|changes?|prints?|starts?|returns?|sets?|shows?|deletes?|opens?|creates?|makes?|downloads?|installs?|"
    "runs?|copies|sends?"
)
_EXPLAINS = re.compile(
    r"\b(?:such as|means?|meant|stands? for|(?:is|was|were) (?:called|written|released|invented|introduced|named)|"
    r"refers? to|history of|terms?|questions? (?:\w+ )?(?:asks?|about|on|wants?|is)|what (?:does|do)|"
    r"(?:is|are) (?:a|an|the|to)|(?:attack\w*|criminals?|phishing|thie\w+|malware|messages) (?:\w+ )?"
    rf"(?:asks?|steals?|tricks?|takes?)|(?:command|flag|option|tool|function|method|[`\"]) (?:{_ACTS}))\b"
)


_NEAR = 4
"""Words on either side of what breaks a rule that may say it is harmless."""


def findings(text: str, plain: bool = True) -> Iterator[tuple[Finding, str]]:
    """What breaks a rule in a normalised ``text``, each with the few words around it.

    At most one finding per rule and sentence; without ``plain``, only those of the rules for decoded text too.
    """
    pieces = list(sentences(text))
    for rule in RULES:
        if rule.plain and not plain:
            continue
        for sentence in (Sentence(text, text, ""),) if rule.across else pieces:
            hits = rule.compiled.finditer(sentence.text)
            if hit := next((m for m in hits if rule.across or not _harmless(rule, sentence, m)), None):
                yield Finding(rule.name, excerpt(hit.group())), _around(hit)


def _around(hit: re.Match[str]) -> str:
    """What was found, with a few words before and after it."""
    before, after = hit.string[: hit.start()].split(), hit.string[hit.end() :].split()
    return " ".join([*before[-_NEAR:], hit.group(), *after[:_NEAR]])


def _harmless(rule: Rule, sentence: Sentence, hit: re.Match[str]) -> bool:
    """Whether the sentence takes back what ``hit`` says."""
    if rule.topical and _EXPLAINS.search(sentence.text):
        return True
    return rule.excusable and excused(sentence, *hit.span())
