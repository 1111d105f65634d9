"""What `nudge new` asks: the nine steps of Test, Learn, Adapt, each in a few plain questions.

The steps are those of Haynes, Service, Goldacre and Torgerson (2012), "Test, Learn, Adapt",
Cabinet Office Behavioural Insights Team. Defaults make a file that can be used as a draft; an
empty default leaves a key out. `{name}` and other answers may stand in a default.
"""

from __future__ import annotations

from dataclasses import dataclass

STEPS = (
    "What do you want to compare?",
    "Which outcome tells, and how is it measured?",
    "Whom or what do you draw?",
    "How many do you need?",
    "How are the arms drawn?",
    "How does the message reach families?",
    "Where do the results come from?",
    "What will you do with the answer?",
    "Where in the circle does this trial stand?",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question. only_if: asked only where that other answer is not empty."""

    key: str
    step: int
    ask: str
    why: str
    default: str = ""
    only_if: str = ""


QUESTIONS = {
    question.key: question
    for question in (
        Question("title", 1, "What is this trial about, in a few words?",
                 "It heads the protocol and the report.", "{readable}"),
        Question("question", 1, "Which question should it answer?",
                 "One sentence with a question mark keeps everybody on the same trial.",
                 "Does the new message raise take-up above what families get now?"),
        Question("theory", 1, "Why should the message work?",
                 "If you cannot say it, the result will not tell you what to do next."),
        Question("setting", 1, "Who runs it: council, school or nhs?",
                 "An NHS trial needs the decision of an ethics committee.", "council"),
        Question("usual", 1, "What do families get now?",
                 "This is the control arm: nobody gets less than now.", "what families get now"),
        Question("templates", 1, "Which messages will you try (names or numbers, with commas)?",
                 "Each becomes an arm; two that differ in one thing teach more than five that differ in many.",
                 "{first_template}"),
        Question("outcome", 2, "What is the main outcome called, in one word?",
                 "One outcome decides; name it as you would in a table.", "came"),
        Question("outcome_question", 2, "What is that outcome as a yes-or-no question?",
                 "Whoever reads the report must know what was counted.", "Did the family come to the appointment?"),
        Question("worthwhile", 2, "Which is the smallest change that would alter your decision?",
                 "The verdict is read against it, so say it before you see the result.", "5 points"),
        Question("window", 2, "When does it count?",
                 "The same span for every family, whichever arm they are in.", "14 days from first_planned_send"),
        Question("people", 3, "Where is the roll, a CSV file with a row per person?",
                 "The path is relative to the trial file. The roll need not be there yet.", "people/{name}.csv"),
        Question("person_id", 3, "Which column identifies a person?",
                 "A pseudonymous number, never a name.", "person_ref"),
        Question("unit", 3, "Which column says who belongs together?",
                 "Families talk: siblings should get the same. Leave it out to draw single people.", "household_ref"),
        Question("exclude", 3, "Which yes-or-no columns keep a family out?",
                 "They are left out before the draw, blind to arm. Leave it out if the roll has none.",
                 "protected_address, refuge"),
        Question("baseline", 4, "How many have the outcome now?",
                 "The size of the trial hangs on it; last year's figure will do.", "60%"),
        Question("prior", 4, "What have messages of this kind done elsewhere?",
                 "{prior_because}.", "{prior}"),
        Question("units", 4, "How many families (or people, if you draw people) will take part in all?",
                 "{size_needed}", "{units_needed}"),
        Question("blocks", 5, "Within which groups should the arms be even?",
                 "Columns of the roll, such as area; every group then has families in every arm.", "area"),
        Question("method", 5, "How are the arms drawn?",
                 "`blocked` within groups, `complete` without; `cluster` and `blocked_cluster` draw whole sites.",
                 "{method}"),
        Question("send", 6, "When is the message due?",
                 "Before a date in the roll, after the draw, or on a day.", "{send_time}"),
        Question("sms", 6, "Which column holds the mobile number?",
                 "Leave it out if you send no texts.", "{sms_column}"),
        Question("safe_sms", 6, "Which column says that a text is safe for this family?",
                 "Anything but yes closes the route: a shared phone can be read by anyone.", "safe_to_text", "sms"),
        Question("email", 6, "Which column holds the email?",
                 "Leave it out if you send no emails.", "{email_column}"),
        Question("safe_email", 6, "Which column says that an email is safe for this family?",
                 "Anything but yes closes the route.", "safe_to_email", "email"),
        Question("language", 6, "Which column holds the language a family reads?",
                 "Words are taken in that language where there are some, else in English."),
        Question("duty_team", 6, "Who reads replies?",
                 "No message can go out before this is known."),
        Question("duty_hours", 6, "When do they read them?",
                 "Families answer at night and at weekends.", "Mon-Fri 09:00-17:00", "duty_team"),
        Question("escalate", 6, "How fast do they act on a worrying reply?",
                 "Agree it with them first.", "4 hours", "duty_team"),
        Question("records", 7, "Where are the outcome's records, a CSV file with a row per event?",
                 "It need not be there yet; somebody must be able to make it.", "outcomes/{name}.csv"),
        Question("records_date", 7, "Which column of it holds the day?",
                 "Only days inside the window count.", "date"),
        Question("covers", 7, "Whom do these records cover?",
                 "If they cover everybody, no record means no. Leave it out if some people's would not be there.",
                 "everyone on the roll"),
        Question("harm", 7, "Which harm will you watch for, in one word?",
                 "Messages can do harm, and only what is counted is seen.", "{harm_word}"),
        Question("harm_records", 7, "Where are its records?",
                 "A CSV file with a row per event, as above.", "outcomes/{name}-{harm}.csv", "harm"),
        Question("distal", 7, "Which far-off outcome should this lead to, as a question?",
                 "Taking something up is worth what comes of it."),
        Question("distal_expected", 7, "In which month can that be read?",
                 "Somebody must look then.", "2030-06", "distal"),
        Question("owner", 8, "Who decides on the result?",
                 "A result nobody waits for changes nothing."),
        Question("decide_by", 8, "By which day?",
                 "It says when results must be there.", "2030-01-31", "owner"),
        Question("rule", 8, "What will they do on which result?",
                 "Agree it now, while nobody knows the answer.", "adopt the better arm if worthwhile", "owner"),
        Question("coproduction", 8, "Which families saw the words, and what changed?",
                 "Words that parents have read work better; a trial cannot launch without this."),
        Question("basis", 8, "What is the lawful basis for using these data?",
                 "Ask your data protection officer; for councils it is most often public_task."),
        Question("message_class", 8, "In law, is this a service message, a public_task or marketing?",
                 "Marketing needs consent; most messages of a council are a public task.", "public_task", "basis"),
        Question("function", 8, "Which Act and section gives you this task?",
                 "A public task is one that a law names, such as Childcare Act 2006 s.1.", "", "basis"),
        Question("retention", 8, "How long will linked data be kept?",
                 "As short as the decision allows.", "12 months", "basis"),
        Question("stage", 9, "Is this a pilot, a trial or a rollout?",
                 "A pilot leads to a trial, a trial to a rollout, and a rollout to the next question.", "pilot"),
    )
}  # fmt: skip
