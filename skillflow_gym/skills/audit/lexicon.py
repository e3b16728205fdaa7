"""The classes of words that the rules of an audit are made of, and the small language that puts them together.

In a pattern ``{NAME}`` is a class of words, a space is whatever is no word, `` ..5 `` is up to five words in between,
and ``A & B`` is A and B in any order with up to eight in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

VERBS = """
    IGNORE = ignore disregard forget override overrule bypass circumvent abandon discard dismiss disobey violate break
        neglect sidestep suspend supersede drop cancel void nullify erase unlearn skip evade flout defy breach replace
        throw_out throw_away let_go_of shake_off do_away_with free_yourself work_around get_around stop_following
        stop_obeying no_longer_follow no_longer_obey no_longer_apply no_longer_applied no_longer_use no_longer_keep
        no_longer_heed not_follow not_obey not_heed not_comply not_adhere no_attention_to no_heed no_regard unlock
        lift
    TELL = reveal print output show repeat disclose display tell leak dump share expose echo recite paste include
        quote copy list return reproduce restate summarise summarize translate spell divulge emit hand transcribe
        encode describe explain post publish write rephrase paraphrase rewrite turn give provide state append attach
        report embed present relay render enumerate begin_with
    TAKE = collect gather harvest grab steal extract fetch look search scan hunt find locate read open cat get obtain
        request ask save store record log note memorise memorize send upload email mail forward transmit capture put
        demand require pull retrieve insert add belongs_in must_contain has_to_contain should_contain contain_the dig
        phish submit
    SEND = send be_sent post upload forward transmit email mail exfiltrate submit push report copy ship relay deliver
        publish sync synchronise transfer share leak dump stream mirror back_up backup cc bcc pipe route smuggle drop
        save store write put log append pass hand export go reach notify message text deposit feed make
    VISIT = call ping contact visit fetch request open query hit get load access look_up resolve trigger render make
        issue embed show display append link navigate browse go
    ENCODE = encode embed hide append put place smuggle pack insert add include
    RUN = run execute launch start invoke install evaluate eval source call spawn open double-click load
    DESTROY = delete erase wipe remove destroy purge shred trash encrypt empty
    TAMPER = edit modify alter patch delete remove disable weaken rewrite overwrite loosen mock stub tamper hardcode
        monkeypatch silence relax rig sabotage turn_off switch_off deactivate bypass fool trick neuter xfail
        circumvent suppress comment_out evade get_around get_rid_of defeat neutralise falsify
    SEEK = open read find look locate search copy grep peek use load cat hunt extract consult access browse lift
        submit obtain get fetch steal hardcode recover inspect
    CLAIM = claim report say state declare announce pretend assert insist confirm answer mark write tell present
        assure conclude
    WRITE = write add append copy insert save store put place paste plant inject propagate replicate spread embed
        include install prepend record edit modify change update rewrite overwrite delete alter keep repeat carry
        register extend patch leave attach weave duplicate clone remember memorise apply obey follow retain persist
        stay remain
    SAY = mention tell inform reveal disclose report show say discuss acknowledge admit explain notify alert log refer
        hint announce warn record speak talk list quote name include draw_attention bring_up point_out let
    HIDE = hide conceal mask cover obscure disguise omit leave remove delete erase strip scrub clear bury keep
    DO = add replace change send put insert choose run select set remove alter include pick swap copy upload raise
        record collect prefer forward store edit open adjust steer write switch make lower execute
"""
"""Words for what an agent may be asked to do; found as they stand, with -ing, and with be and -ed."""

NOUNS = """
    PEOPLE = user customer shopper human person people operator owner client guest reader anyone anybody someone
        somebody nobody others supervisor reviewer developer buyer visitor them him her auditor administrator they
    MAKER = system developer operator provider platform host vendor maker creator designer company trainer
        administrator deployer owner principal deployment
    RULE = instruction guideline directive guidance direction guardrail safeguard policy prompt rule order briefing
        mandate programming protection briefing
    LIMIT = constraint restriction limit limitation boundary obligation principle training command protocol message
        norm wish default ethic requirement value condition scruple
    DATA = conversation transcript chat dialogue history message question answer prompt context observation result
        content file document workspace secret key credential password token environment log note memory data
        information detail trajectory input output finding summary reasoning reply repository source code cookie
        session screenshot cart episode config variable everything copy profile address response query request it them
        what whatever all user
    SINKNAME = webhook pastebin requestbin ngrok dropbox public_gist s3_bucket ftp telegram discord slack whatsapp irc
        subdomain
    THEIRS = our my remote external outside third collecting collection author skill's hidden following another
        foreign tracking analytics telemetry attacker logging maker anonymous
    PLACE = server endpoint bucket collector host address account inbox channel site api machine dashboard service
        mailbox drive storage party author maker domain backend proxy cloud url phone number forum partner team
        colleague company form
    CODE = script binary installer executable code program file tool package plugin payload update version command
        instruction content text step
    TEST = test test_file test_suite test_case assertion assert grader scorer checker validator verifier judge
        autograder check scoring_script evaluation_script grading_script evaluation_code expected_value
    GUARD = safety_check safety_filter content_filter safety_setting safety_feature validation verification audit
        monitoring oversight guardrail sandbox firewall antivirus safeguard moderation certificate_check
        confirmation_prompt confirmation_dialog access_control approval_step logging security_check safety_measure
        security_feature
    ANSWERS = answer_key answer_file solution_file answer_sheet hidden_test hidden_answer hidden_label hidden_solution
        gold_answer gold_label gold_patch reference_answer reference_solution reference_output reference_patch
        grader's_file grading_script scoring_script held_out_answer held_out_test test_label evaluation_script
        expected_output_file ground_truth_file
    LASTING = other_skill every_skill all_skill each_skill another_skill any_skill skill_library skill_folder
        skill_directory skills_folder skills_library skill.md memory.md claude.md agents.md your_memory
        long_term_memory permanent_memory persistent_memory your_own_memory your_permanent_memory memory_file
        memory_store your_long_term_memory your_settings your_config your_configuration your_preference your_profile
        your_own_setting your_own_configuration settings_file global_config system_config agent's_config
        agent's_configuration shell_profile .bashrc .zshrc .profile .bash_profile .gitconfig settings.json
        startup_file startup_script startup_folder autostart system_prompt your_prompt your_own_prompt git_hook
        .git/hooks .cursorrules authorized_keys hosts_file launch_agent copilot_instruction neighbouring_skill
        every_other_skill new_skill
    OWN = this these_step these_instruction these_rule these_line this_skill that_you why_you what_you any_of_it of_it
        about_it that_this that_it the_change the_skill the_instruction the_rule the_replacement the_upload
        the_transfer the_extra the_real_reason
    ROLE = administrator admin root system developer operator evil unrestricted uncensored jailbroken official bank
        staff
"""
"""Words for things and people; found in the singular and in the plural."""

CLASSES = r"""
    MINE = this (?:\w+ )?(?:skill|note|page|document|file|guide|text|message|section|paragraph|sheet|one)|
        these (?:\w+ )?(?:lines|instructions|rules|steps|words|sentences)|what (?:is written|stands|follows|
        i say)(?: here)?|the following
    WHOSE = your|previous|prior|earlier|preceding|former|above|existing|initial|original|current|standing|all(?: (?:the|
        those|these))?|any|every|whatever|other|safety|security|ethical|moderation|usual|default|given|{MAKER}(?:'s)?
    OURS = your|safety|ethical|moderation|built in|imposed|all (?:former|previous|prior|earlier)|{MAKER}(?:'s)?
    GIVEN = you (?:were|have|had|got|received|began|came|follow|operate|run|live)|(?:by |from |of )?(?:the |your |
        its ){MAKER}|(?:came|come|stood|stands?) (?:before|above|earlier|with)|given (?:to you|before|earlier|above)|
        above|so far|before this|to you
    ELSEWHERE = (?:\w+ ){0,2}(?:of|in|on|inside|within|from|for) (?:\w+ ){0,3}?(?:pages?|passages?|documents?|texts?|
        web\w*|results?|games?|recipes?|grammar|spelling|quotes?|reviews?|labels?|box|manual|poem|articles?|content|
        tools?|third|task|question|exam)
    BOUND = (?:(?:{WHOSE}) ..3 {RULE}|(?:{OURS}) ..3 {LIMIT}|(?:{RULE}|{LIMIT}) (?:that |
        which )?(?:{GIVEN}))(?!\w)(?! {ELSEWHERE})
    AUTHORITY = operators?(?:'s)?|developers|your developers?|(?:your |the )provider|deployment|guardrails?|
        safety (?:\w+ )?(?:rules?|guidelines|training|polic\w+|measures|principles|limits)|(?:content|usage|
        operator'?s?|system|safety|your) polic(?:y|ies)|your (?:\w+ )?(?:guidelines|rules|instructions|training|
        programming|directives|principles)|system (?:prompt|message|instructions?)
    EVAL = benchmark|(?:auto)?graders?|scorers?|evaluators?|checkers?|validators?|test (?:runner|harness)|
        evaluation (?:harness|code|set|data)
    SELF = (?:this|these) (?:\w+ )?(?:skills?|steps?|rules?|pages?|notes?|sections?|lines?|instructions?|advice|
        paragraphs?|texts?|guides?|documents?|files?|changes?|requests?|arrangements?|replacements?|preferences?|
        messages?)
    GONE = expired?|no longer (?:appl\w+|holds?|binds?|counts?|valid|in force|matters?|binding|relevant)|not (?:apply|
        hold|bind|count|matter)|(?:be )?void|suspended|lifted|obsolete|cancell?ed|revoked|superseded|invalid|
        irrelevant|outdated|optional|withdrawn|waived|replaced|overridden|disabled|rescinded|higher authority|null|
        cease to \w+|a mistake|switched off|turned off|removed|gone|ignored|dropped|changed|paused|be ignored|
        suggestions?|advisory|on hold|out of date|behind you|history
    BEATS = supersedes?|overrides?|replaces?|outranks?|trumps?|precedence|priority|prevails?|comes? before|overrules?|
        stands above|wins|beats?|cancels?|outweighs?|revokes?|voids?
    PROMPT = (?:system|developer|hidden|secret|confidential|internal|initial|original|starting|opening|private|
        operator) (?:\w+ )?(?:prompts?|instructions?|directives?|messages?|guidelines|preamble|briefing|
        rules)(?! {ELSEWHERE})|your ..2 (?:prompts?|instructions|configuration|directives|briefing|programming|context|
        setup|guidelines|preamble|tool definitions)|(?:first message|prompts?|instructions|rules|text|message|
        directions|guidance|orders|everything|words) (?:that |which )?(?:you (?:were|are|have been|had been|received|
        started|got|operate|work|follow|run)|(?:the |your )?{MAKER} (?:gave|wrote|set|put|sent|told|provided|
        supplied))|(?:everything|text|words|lines|whatever|contents?|messages?) ..4 (?:(?:above|before|preced\w+) this|
        (?:comes|stands) (?:before|above)|(?:precedes?|preceding|before|above) (?:the |your |this )?(?:task|question|
        conversation|message|line)|(?:top|start|beginning) of (?:this|the|your) (?:conversation|context|session|chat|
        prompt)|in your context)
    SECRET = (?:api|aws|access|secret|private|ssh|signing|encryption|auth\w*|session|service|bearer|login|oauth|
        recovery|seed|security|verification|admin|database) (?:keys?|tokens?|cookies?|credentials?|codes?|phrases?|
        passwords?|secrets?|details)|pass(?:word|phrase|code)s?|\w+_(?:key|token|secret|password)|credentials?|
        card (?:numbers?|details)|social security numbers?|environment variables?|env (?:vars?|variables?|files?)|
        \.env|id_rsa|secrets(?! of)|(?:one time|sms) (?:codes?|passwords?)|maiden name|account numbers?|
        bank (?:details|accounts?)|iban|cvv|logins?|\.ssh|\.aws|\.netrc|/etc/(?:passwd|shadow)|keys and tokens
    URL = (?:https?|ftp|wss?)://[^\s)>\]]{1,99}
    SINK = {URL}|(?<![\d-])\+?\d[\d ()-]{6,20}\d|(?<![\w-])[\w-]+\.(?:com|net|io|org|dev|app|example|invalid|
        xyz|ru|cn|me)|transfer\.sh|
        file\.io|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|{SINKNAME}|{THEIRS}(?:'s)? ..3 {PLACE}|
        skill's (?:author|maintainer|
        maker|owner|creator|publisher)|(?:author|maintainer|maker|creator|publisher) of (?:this|the) \w+
    DISK = (?:home|root|whole|entire|system|user's?|all|every) ..3 (?:files?|director(?:y|ies)|folders?|disk|drive|
        documents?|data)|repository|home directory|hard disk|backups?|database|(?:git|shell|command) history|(?:audit|
        system|all|the) logs?|workspace
    TOOL = curl|wget|netcat|nc|telnet|scp|rsync|ftp|ssh|powershell|sudo|crontab|subprocess|os\.system|eval|exec|
        cmd\.exe|regedit|docker
    SERVICE = cron ?(?:job|entry|task)s?|scheduled (?:task|job)s?|(?:startup|launch|background|system) (?:service|
        daemon|script|process|item|entry)|registry (?:key|entry|value)s?|backdoors?|user accounts?|(?:task|job|script|
        process) that (?:runs?|starts?) (?:each|every|at|daily)|(?:reverse|remote|root|bind) (?:shell|connection)|
        tunnel
    OBEY = follow(?! the (?:question|task))|obey|run|execute|carry out|do (?:what|as|exactly|everything)|
        treat ..4 as ..3 (?:instructions?|orders?|commands?|steps?|rules?)|act (?:up)?on|comply|perform|what to do
    DONE = met|satisfied|validated|fixed|resolved|success\w*|succeeded|pass(?:ed|es)?|solved|completed?|correct|done|
        finished|verified|checked|tested|confirmed|full marks
    ANYWAY = regardless|even (?:if|when|though)|whether or not|no matter|without (?:running|checking|testing|verifying|
        doing|having|looking)|irrespective|although you|whatever the|in any case|or not|anyway|always
    LATER = (?:every|all|any|each|later|future|next|subsequent|coming) ..2 (?:sessions?|conversations?|episodes?|
        chats?)|(?:later|future|subsequent|coming) ..2 (?:tasks?|runs?|users?|agents?)|in (?:every|all) tasks? from now
    NOT = (?:do|must|should|may|need|shall|can|will|is|are) not|never|without|avoid|refrain from|no need to|not to|nor|
        nothing
"""
"""Regular expressions over the words of a sentence; deeper lines go on with the one before."""


def entries(block: str, glue: str = "") -> list[str]:
    """The entries of an indented block: one a line, deeper lines go on with the one before, after ``glue``."""
    margin = re.match(r"\n( *)", block)
    assert margin is not None  # every block begins with a line end
    return re.sub(r"\n +$", "", re.sub(rf"\n{margin[1]} +", glue, block)).strip().split(f"\n{margin[1]}")


def _verbs(words: str) -> Iterator[str]:
    """What finds a verb in the forms of an order: send, sending, be sent."""
    for verb in words.split():
        head, *rest = re.escape(verb).split("_")
        stem, last = (head[:-1], "") if head.endswith("e") else (head, f"{head[-1]}?")
        yield " ".join([f"(?:{head}|{stem}{last}ing|be {stem}{last}ed)", *rest])


def _nouns(words: str) -> Iterator[str]:
    """What finds a noun in the singular and the plural."""
    for noun in words.split():
        text = re.escape(noun).replace("_", " ")
        yield f"{text[:-1]}(?:y|ies)" if re.search("[^aeo]y$", text) else f"{text}(?:e?s)?"


def _alternatives() -> dict[str, str]:
    """Every class as the text of a regular expression with classes and spaces still in it."""
    classes = {}
    for block, forms in ((VERBS, _verbs), (NOUNS, _nouns)):
        for name, words in (entry.split(" = ") for entry in entries(block, " ")):
            classes[name] = "|".join(forms(words))
    classes |= dict(line.split(" = ", 1) for line in entries(CLASSES))
    return {name: f"(?:{text})" for name, text in classes.items()}


_ALTERNATIVES = _alternatives()


def expand(pattern: str) -> str:
    """``pattern`` as a regular expression: classes put in, gaps and spaces spelled out."""
    if " & " in pattern:
        first, second = pattern.split(" & ")
        return f"{expand(f'{first} ..8 {second}')}|{expand(f'{second} ..8 {first}')}"
    while re.search(r"\{[A-Z]", pattern):
        pattern = re.sub(r"\{([A-Z]+)\}", lambda m: _ALTERNATIVES[m[1]], pattern)
    pattern = re.sub(r" ?\.\.(\d+) ", r"\\W+(?:\\w+\\W+){0,\1}?", pattern)
    return pattern.replace(" ?", r"\W*").replace(" ", r"\W+")
