"""The Vietnamese text of each sentence, by its English one.

A post is `bài`, a job by its id `bài đăng`, an attempt `lần thử`, held `tạm giữ`, a runner `trình
chạy`, a publisher `trình đăng bài`, and what may have been posted `có thể đã lên`. Nothing has a
plural. A text has the holes of its template, and begins and ends with a space where that does.
"""

from __future__ import annotations

from .vietnamese_rules import RULES
from .vietnamese_schedules import SCHEDULES
from .wording import Catalogue

_STANDING = {
    "It was removed{by} {when}; its events stay in the log.": (
        "Bài đã bị xóa{by} {when}; các sự kiện của bài vẫn còn trong nhật ký."
    ),
    "It had not been posted, as far as the log knows.": (
        "Theo nhật ký thì bài chưa từng được đăng."
    ),
    "{by} since {moment}": "{by} từ {moment}",
    "it is released": "được bỏ tạm giữ",
    "It is a draft that was added on hold{since}, and does not run until {released}.": (
        "Đây là bản nháp, được thêm vào ở trạng thái tạm giữ{since}, và sẽ không chạy cho đến khi"
        " {released}."
    ),
    "It is held{since}, and does not run until {released}.": (
        "Bài đang bị tạm giữ{since}, và sẽ không chạy cho đến khi {released}."
    ),
    "Its time was {due}; it expires {expires} if nobody does.": (
        "Giờ hẹn đăng là {due}; bài sẽ hết hạn {expires} nếu không ai bỏ tạm giữ."
    ),
    "The next attempt is due {when}.": "Lần thử tiếp theo sẽ bắt đầu {when}.",
    "It waits for its time, {when}.": "Bài đang chờ đến giờ đăng, {when}.",
    "Its time was {due}, {late} ago: more than {limit} late, so it is not posted any more and will"
    " be marked as expired.": (
        "Giờ hẹn đăng là {due}, cách đây {late}: đã trễ hơn {limit}, nên bài không được đăng nữa và"
        " sẽ bị đánh dấu là hết hạn."
    ),
    "It is due since {due} ({late}).": "Bài đã đến giờ đăng từ {due} ({late}).",
    "Attempt {attempt} could post nothing for its account {when} ({error}); that counts for"
    " nothing.": (
        "Lần thử {attempt} {when} không đăng được gì cho tài khoản này ({error}); lần này không bị"
        " tính."
    ),
    "Attempt {attempt} was given up {when} before its publisher was called ({error}); that counts"
    " for nothing.": (
        "Lần thử {attempt} đã bị bỏ {when}, trước khi trình đăng bài được gọi ({error}); lần này"
        " không bị tính."
    ),
    "Attempt {attempt} failed {when} with {error!r}; retry {retry} of {retries} follows.": (
        "Lần thử {attempt} thất bại {when} với lỗi {error!r}; tiếp theo là lần thử lại"
        " {retry}/{retries}."
    ),
    "Attempt {attempt} was interrupted {when} ({how}); {then}.": (
        "Lần thử {attempt} bị gián đoạn {when} ({how}); {then}."
    ),
    " by hand": " theo cách thủ công",
    "It was requeued{by} {when}.": "Bài đã được đưa lại vào hàng đợi{by} {when}.",
    "the publisher will be asked whether the post is out before anything else": (
        "trước hết trình đăng bài sẽ được hỏi xem bài đã lên hay chưa"
    ),
    "its publisher cannot be asked, so it is posted again, although it may be out": (
        "trình đăng bài không trả lời được câu hỏi đó, nên bài sẽ được đăng lại, dù có thể đã lên"
    ),
    "It is held back until {until} at least: {reason}.": (
        "Bài bị hoãn ít nhất đến {until}: {reason}."
    ),
    "Something it needs could not be had {when} ({reason}); it is tried all the same.": (
        "Có thứ bài cần mà {when} không lấy được ({reason}); đến giờ bài vẫn được đăng thử."
    ),
    "No runner works on this ledger: {start}.": (
        "Không có trình chạy nào đang làm việc với sổ cái này: {start}."
    ),
    "start one": "hãy khởi động một trình chạy",
    " (process {pid})": " (tiến trình {pid})",
    "Job {job} of the same account is running, and an account's jobs run one after another.": (
        "Bài đăng {job} của cùng tài khoản đang chạy, mà các bài của một tài khoản thì lần lượt"
        " chạy từng bài một."
    ),
    "The runner{runner} is busy with jobs {jobs}.": (
        "Trình chạy{runner} đang bận với các bài đăng {jobs}."
    ),
    "The runner{runner} is busy with job {jobs}.": (
        "Trình chạy{runner} đang bận với bài đăng {jobs}."
    ),
    "It is next: the runner{runner} should start it at once.": (
        "Sắp đến lượt bài này: trình chạy{runner} sẽ bắt đầu ngay."
    ),
    "higher priority": "mức ưu tiên cao hơn",
    "an earlier time": "giờ hẹn sớm hơn",
    "1 due job goes first, the next with {why}: {first}.": (
        "Có 1 bài đã đến giờ được chạy trước, vì có {why}: {first}."
    ),
    "{ahead} due jobs go first, the next with {why}: {first}.": (
        "Có {ahead} bài đã đến giờ được chạy trước, đầu tiên là một bài có {why}: {first}."
    ),
    "It was running when it was imported, since {since}.": (
        "Bài đang chạy khi được nhập vào, từ {since}."
    ),
    "Attempt {attempt} is being asked about, since {since}.": (
        "Lần thử {attempt} đang hỏi xem bài đã lên hay chưa, từ {since}."
    ),
    "Attempt {attempt} is being made, since {since}.": (
        "Lần thử {attempt} đang được thực hiện, từ {since}."
    ),
    "It last said {message!r}, {when}.": "Thông báo gần nhất là {message!r}, {when}.",
    "But no runner works on this ledger, so the attempt was cut off; the next runner recovers it"
    " when it starts.": (
        "Nhưng không có trình chạy nào đang làm việc với sổ cái này, nên lần thử đã bị ngắt giữa"
        " chừng; trình chạy kế tiếp sẽ khôi phục bài khi khởi động."
    ),
    "That is longer than {minutes} minutes: it counts as stuck, and the runner will recover it.": (
        "Như vậy là lâu hơn {minutes} phút: bài được coi là bị kẹt, và trình chạy sẽ khôi phục bài."
    ),
    " as {post}": " với mã {post}",
    "{person} said {when} that it was posted{post}.": (
        "{person} đã xác nhận {when} rằng bài đã được đăng{post}."
    ),
    "It was already posted{post} when it was imported.": (
        "Bài đã được đăng{post} từ trước khi được nhập vào."
    ),
    "an earlier attempt": "một lần thử trước đó",
    "attempt {attempt}": "lần thử {attempt}",
    "It was posted{post}: attempt {attempt} asked {when}, it was out: {earlier} had posted it.": (
        "Bài đã đăng{post}: lần thử {attempt} đã hỏi {when}, và bài đã lên: {earlier} đã đăng bài."
    ),
    "It was posted{post} by attempt {attempt}, {when}.": (
        "Bài đã đăng{post} ở lần thử {attempt}, {when}."
    ),
    "Asked before that, it was not out: {earlier} had not posted it.": (
        "Khi hỏi trước đó thì bài chưa lên: {earlier} đã không đăng được bài."
    ),
    "{remark}.": "{remark}.",
    "That is {late} after its time ({due}).": "Như vậy là trễ {late} so với giờ hẹn ({due}).",
    "That is {late} after its time ({due}): 1 attempt before it did not succeed, the last with"
    " {error!r}.": (
        "Như vậy là trễ {late} so với giờ hẹn ({due}): 1 lần thử trước đó không thành công, với lỗi"
        " {error!r}."
    ),
    "That is {late} after its time ({due}): {count} attempts before it did not succeed, the last"
    " with {error!r}.": (
        "Như vậy là trễ {late} so với giờ hẹn ({due}): {count} lần thử trước đó không thành công,"
        " lần cuối với lỗi {error!r}."
    ),
    "It was already cancelled when it was imported.": "Bài đã bị hủy từ trước khi được nhập vào.",
    "It was cancelled{by} {when}: {reason!r}.": "Bài đã bị hủy{by} {when}: {reason!r}.",
    "It was cancelled{by} {when}, without a reason given.": (
        "Bài đã bị hủy{by} {when}, không kèm lý do."
    ),
    "An attempt was running then, so the post may be out all the same.": (
        "Lúc đó một lần thử đang chạy, nên bài vẫn có thể đã lên."
    ),
    "It had already expired when it was imported.": "Bài đã hết hạn từ trước khi được nhập vào.",
    "It expired: its time was {due}, and {late} later nothing had posted it.": (
        "Bài đã hết hạn: giờ hẹn đăng là {due}, và sau đó {late} bài vẫn chưa được đăng."
    ),
    "It was on hold since {since}.": "Bài đã bị tạm giữ từ {since}.",
    "No runner had started it; was one running?": (
        "Chưa có trình chạy nào bắt đầu bài này; lúc đó có trình chạy nào đang hoạt động không?"
    ),
}

_FAILED = {
    "Nobody knows whether it is out.": "Chưa rõ kết quả: không ai biết bài đã lên hay chưa.",
    "Attempt {attempt} was interrupted {when} ({how}), after it may have posted.": (
        "Lần thử {attempt} bị gián đoạn {when} ({how}), khi có thể bài đã lên rồi."
    ),
    "A publisher that is certain that nothing was posted raises NotPosted (or returns"
    " PostResult(False)): it is tried again then.": (
        "Trình đăng bài nào biết chắc rằng chưa có gì được đăng thì ném NotPosted (hoặc trả về"
        " PostResult(False)): khi đó bài sẽ được thử lại."
    ),
    "Attempt {attempt} failed {when}: {error!r}.": "Lần thử {attempt} thất bại {when}: {error!r}.",
    "But attempt {attempt} before it was interrupted, and may have posted.": (
        "Nhưng lần thử {attempt} trước đó đã bị gián đoạn, và có thể đã đăng bài."
    ),
    "The publisher said that it is not to be tried again.": (
        "Trình đăng bài cho biết rằng không nên thử lại."
    ),
    "All of its {retries} retries were used.": "Đã dùng hết {retries} lần thử lại.",
    "It was added without retries.": "Bài được thêm vào mà không có lần thử lại nào.",
    "{person} said {when} that it was not posted.": (
        "{person} đã xác nhận {when} rằng bài chưa được đăng."
    ),
    "It had already failed when it was imported.": "Bài đã thất bại từ trước khi được nhập vào.",
    "It had already failed when it was imported: {error!r}.": (
        "Bài đã thất bại từ trước khi được nhập vào: {error!r}."
    ),
    "Look at the account, then {settle}. It is never tried again by itself.": (
        "Hãy xem trên tài khoản, rồi {settle}. Bài không bao giờ tự được thử lại."
    ),
    "say whether it was posted, or requeue it, which posts it again": (
        "xác nhận bài đã được đăng hay chưa, hoặc đưa bài lại vào hàng đợi, tức là đăng lại lần nữa"
    ),
    "It stays so until {requeued}.": "Bài giữ nguyên như vậy cho đến khi {requeued}.",
    "it is requeued": "được đưa lại vào hàng đợi",
    "its runner ended in mid-run": "trình chạy đã dừng giữa chừng",
    "it ran for too long": "chạy quá lâu",
    "the runner was stopped": "trình chạy bị dừng",
    "its publisher gave no answer in its time": (
        "trình đăng bài không trả lời trong thời gian cho phép"
    ),
    "the publisher left open whether it had posted": (
        "trình đăng bài không nói rõ là đã đăng hay chưa"
    ),
    "asking the publisher failed": "không hỏi được trình đăng bài",
    "{how}: {error!r}": "{how}: {error!r}",
}

_TWICE = {
    "It may be out twice: attempt {attempt} {ended} {when} when it may already have posted, and"
    " attempt {again} posted again without asking, because {led}.": (
        "Bài có thể đã lên hai lần: lần thử {attempt} {ended} {when}, khi có thể bài đã lên rồi, và"
        " lần thử {again} đăng lại mà không hỏi, vì {led}."
    ),
    "was imported": "được nhập vào",
    "was cancelled": "bị hủy",
    "was interrupted": "bị gián đoạn",
    "a person requeued it": "có người đã đưa bài lại vào hàng đợi",
    "{who} requeued it": "{who} đã đưa bài lại vào hàng đợi",
    "its publisher cannot be asked and the runner retries what is interrupted": (
        "không thể hỏi trình đăng bài, và trình chạy thử lại những gì bị gián đoạn"
    ),
    "The same text of the same account was also posted by job {jobs}, which was added on its own:"
    " two jobs, two posts.": (
        "Cùng nội dung trên cùng tài khoản cũng đã được bài đăng {jobs} đăng lên; bài đó được thêm"
        " riêng: hai bài đăng, hai lần lên."
    ),
    "The same text of the same account was also posted by jobs {jobs}, which were added on their"
    " own: each is a post.": (
        "Cùng nội dung trên cùng tài khoản cũng đã được các bài đăng {jobs} đăng lên; các bài đó"
        " được thêm riêng: mỗi bài là một lần lên."
    ),
    "Jobs {jobs} have the same text for the same account.": (
        "Các bài đăng {jobs} có cùng nội dung trên cùng tài khoản."
    ),
    "Job {jobs} has the same text for the same account.": (
        "Bài đăng {jobs} có cùng nội dung trên cùng tài khoản."
    ),
}

_FACTS = {
    "at {moment} (in {span})": "lúc {moment} (còn {span} nữa)",
    "at {moment} ({span} ago)": "lúc {moment} ({span} trước)",
    " by {who}": " bởi {who}",
    "A person": "Một người",
    "A person ({who})": "Một người ({who})",
    "{jobs} and {more} more": "{jobs} và {more} bài khác",
    "{count} d": "{count} ngày",
    "{count} h": "{count} giờ",
    "{count} min": "{count} phút",
    "{count} s": "{count} giây",
    "{count} ms": "{count} ms",
}

_EVENTS = {
    "due {moment}": "hẹn lúc {moment}",
    "hold": "tạm giữ",
    "publish timeout s {seconds}": "thời hạn đăng {seconds} giây",
    "imported as {status} from {source}": "nhập từ {source} với trạng thái {status}",
    "line {number}": "dòng {number}",
    "until {moment}": "đến {moment}",
    "asks first whether it is out": "trước hết hỏi xem bài đã lên hay chưa",
    "name {name}": "tên {name}",
    "value": "có giá trị",
    "value {value}": "giá trị {value}",
    "seconds late {seconds}": "trễ {seconds} giây",
    "in doubt": "cần xác minh",
    "posted": "đã đăng",
    "id {post}": "mã {post}",
    "outcome unknown": "chưa rõ kết quả",
    "asked, it was out, posted by {attempt}": "đã hỏi, bài đã lên, do {attempt} đăng",
    "asked, {attempt} had not posted": "đã hỏi, {attempt} chưa đăng",
    "retry {number}": "thử lại lần {number}",
    "exhausted": "hết lượt thử lại",
    "called": "đã gọi trình đăng bài",
}

_NAMES = {
    "pending": "tạm giữ",
    "scheduled": "đã lên lịch",
    "running": "đang đăng",
    "completed": "đã đăng",
    "failed": "thất bại",
    "cancelled": "đã hủy",
    "expired": "hết hạn",
    "added": "đã thêm",
    "held": "đã tạm giữ",
    "released": "đã bỏ tạm giữ",
    "edited": "đã sửa",
    "rescheduled": "đã đổi giờ",
    "deferred": "bị hoãn",
    "started": "bắt đầu",
    "noted": "ghi chú",
    "checkpointed": "đã lưu mốc",
    "retried": "sẽ thử lại",
    "interrupted": "bị gián đoạn",
    "requeued": "đã xếp lại hàng đợi",
    "resolved": "đã xác nhận kết quả",
    "removed": "đã xóa",
    "crashed": "trình chạy dừng đột ngột",
    "stuck": "bị kẹt",
    "stopped": "trình chạy bị dừng",
    "timeout": "quá thời gian chờ",
    "outcome_unknown": "chưa rõ kết quả",
    "reconcile_failed": "không xác minh được",
}

VIETNAMESE = Catalogue(
    texts=_STANDING | _FAILED | _TWICE | _FACTS | _EVENTS | _NAMES | RULES | SCHEDULES,
    moment="{0:%H:%M:%S} ngày {0:%d/%m/%Y}",
    decimal_sign=",",
)
