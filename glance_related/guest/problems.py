"""What can go wrong in `glance_related.guest`, with codes that never change."""

from glance_related.problem import ProblemKind

QUESTION_UNFIT = ProblemKind("guest.bad_question", 400, "This is not what Nova asks its vendordata target: {reason}.")
REPORT_UNFIT = ProblemKind("guest.bad_report", 400, "The report is not what is asked for here: {reason}.")
NOTHING = ProblemKind("guest.nothing", 404, "There is nothing here for this server.")
NOT_GIVEN = ProblemKind(
    "guest.not_given", 409, "The report is of settings that were not given to this server; ask for what it is to have."
)
NOT_NOW = ProblemKind("guest.not_now", 503, "What this server is to have cannot be told yet; ask again.")

#: What the filter in front of Nova's API answers.
NOVA_PROBLEMS = (QUESTION_UNFIT,)
#: What the filter in front of its metadata service answers.
META_PROBLEMS = (REPORT_UNFIT, NOTHING, NOT_GIVEN, NOT_NOW)
