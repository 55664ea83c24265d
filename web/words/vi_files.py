"""Vietnamese of what is said of the rows of a file. Each `{}` is a fact, in the same order unless
it is numbered."""

from __future__ import annotations

FILES: dict[str, str] = {
    # -- the file
    "no file was chosen": "chưa chọn tệp nào",
    "the file did not come back": "tệp không được gửi lại",
    "a file has at most {} MB here": "ở đây tệp có tối đa {} MB",
    "split it, or use `jobledger import`": "hãy chia nhỏ, hoặc dùng `jobledger import`",
    "there are more than {} rows": "có hơn {} dòng",
    "split the file": "hãy chia nhỏ tệp",
    "another file is being looked at": "đang xem một tệp khác, hãy thử lại sau giây lát",
    "two columns are {}": "hai cột cùng được nói là {}",
    "there is no time zone {}": "không có múi giờ {}",
    "such as Asia/Tokyo": "ví dụ Asia/Tokyo",
    "encoding {} is not known": "không biết bảng mã {}",
    "such as utf-16-le, cp1252 or cp1258": "ví dụ utf-16-le, cp1252 hoặc cp1258",
    "what is in {}?": "trong {} có gì?",
    "a table, a calendar, or JSON is understood": "chỉ hiểu được bảng, lịch hoặc JSON",
    "one of the first {} rows names the columns: {} are needed; say {}, or whichever column it is;"
    " where posts have no time, {} gives each the next free slot of its account": (
        "một trong {} dòng đầu nêu tên các cột: cần {}; hãy nói {}, hoặc cột nào đúng; nếu bài"
        " không có giờ, {}"
    ),
    "one of the first {} rows names the columns: {} are needed; say {}, or whichever column it"
    " is": "một trong {} dòng đầu nêu tên các cột: cần {}; hãy nói {}, hoặc cột nào đúng",
    "one of the first {} rows names the columns: {} are needed; where posts have no time, {} gives"
    " each the next free slot of its account": (
        "một trong {} dòng đầu nêu tên các cột: cần {}; nếu bài không có giờ, {}"
    ),
    "one of the first {} rows names the columns: {} are needed": (
        "một trong {} dòng đầu nêu tên các cột: cần {}"
    ),
    "{}: there is no column {}; the columns there are {}": (
        "{}: không có cột {}; các cột hiện có là {}"
    ),
    "{}: the column {} is there twice, as {} is": "{}: cột {} có hai lần, {} cũng vậy",
    "{}: the column {} is there twice": "{}: cột {} có hai lần",
    "take one away, or give it another name": "hãy bỏ một cột, hoặc đổi tên nó",
    "{}: {} is set, and the column {} has it too": "{}: đã cho {}, mà cột {} cũng có",
    "leave out {}, or take the column away": "hãy bỏ {}, hoặc bỏ cột đó",
    "{} has no sheet {}": "{} không có trang tính {}",
    "{} has several sheets: {}": "{} có nhiều trang tính: {}",
    "say which one: {}": "hãy nói trang nào: {}",
    "{} is no workbook that can be read: {}": "{} không phải bảng tính đọc được: {}",
    "{} has more in it than is read of a file: {} MB when it is unpacked, {} MB of that besides its"
    " rows": (
        "{} chứa nhiều hơn mức được đọc: {} MB khi giải nén, trong đó {} MB không phải là dòng"
    ),
    "{} has more cells than a list of posts has, at line {}": (
        "{} có nhiều ô hơn một danh sách bài, ở dòng {}"
    ),
    "the sheet {} has too many cells": "trang tính {} có quá nhiều ô",
    "{} has the same in it too many times": "{} chứa cùng một phần quá nhiều lần",
    "{} is a spreadsheet, and what reads those is not installed": (
        "{} là bảng tính, mà máy chủ chưa cài phần đọc bảng tính"
    ),
    "install the extra `excel`, or save it as CSV UTF-8": (
        "cài phần bổ sung `excel`, hoặc lưu dạng CSV UTF-8"
    ),
    "{} is a calendar, and what reads those is not installed": (
        "{} là lịch, mà máy chủ chưa cài phần đọc lịch"
    ),
    "install the extra `calendar`": "cài phần bổ sung `calendar`",
    "{} has zero bytes, as UTF-16 without its mark has": (
        "{} có byte không, như UTF-16 thiếu dấu đầu tệp"
    ),
    "keep the posts alone, in a file of their own": "hãy để riêng các bài trong một tệp",
    "keep the posts alone, in a file of their own, or save them as CSV UTF-8": (
        "hãy để riêng các bài trong một tệp, hoặc lưu dạng CSV UTF-8"
    ),
    "{} is a spreadsheet of the old kind (.xls)": "{} là bảng tính kiểu cũ (.xls)",
    "{} is a spreadsheet of another kind (.ods)": "{} là bảng tính kiểu khác (.ods)",
    "{} is a PDF": "{} là tệp PDF",
    "export what it was made of as CSV or .xlsx": "hãy xuất bản gốc ra dạng CSV hoặc .xlsx",
    "{} is a database (SQLite)": "{} là cơ sở dữ liệu (SQLite)",
    "export its table as CSV, or as JSON lines": "hãy xuất bảng của nó dạng CSV, hoặc dòng JSON",
    "{} is a pickle of a Python program": "{} là pickle của một chương trình Python",
    "write its jobs as JSON lines from there": "hãy ghi các bài của nó dạng dòng JSON",
    "unpack it with gunzip first": "hãy giải nén bằng gunzip trước",
    "{} is a crontab: rules that start programs, and no posts": (
        "{} là crontab: quy tắc chạy chương trình, không phải bài đăng"
    ),
    "`jobledger schedule add NAME {}` makes posts by such a rule; {} shows when it is due": (
        "`jobledger schedule add NAME {}` tạo bài theo quy tắc như vậy; {} cho biết khi nào"
    ),
    "{} is an export of APScheduler: its jobs call functions ({}), and only that program knows what"
    " they post": (
        "{} là bản xuất của APScheduler: nó gọi hàm ({}), chỉ chương trình đó biết đăng gì"
    ),
    "{} is a list of periodic tasks (Celery): rules that call functions, and no posts": (
        "{} là danh sách tác vụ định kỳ (Celery): quy tắc gọi hàm, không phải bài đăng"
    ),
    "write each post as a line of JSON with account_id, content and scheduled_time from there{}": (
        "từ đó hãy ghi mỗi bài là một dòng JSON có account_id, content và scheduled_time{}"
    ),
    "{} is packed (gzip)": "{} là tệp nén (gzip)",
    "{} is a page (HTML or XML)": "{} là một trang (HTML hoặc XML)",
    "save it as .xlsx or CSV UTF-8": "hãy lưu dạng .xlsx hoặc CSV UTF-8",
    "export it as CSV or .xlsx": "hãy xuất ra dạng CSV hoặc .xlsx",
    "{} is not UTF-8": "{} không phải UTF-8",
    'it reads {}; or save it as "CSV UTF-8"': 'nó đọc được là {}; hoặc hãy lưu dạng "CSV UTF-8"',
    'save it as "CSV UTF-8", or say its encoding: {}': (
        'hãy lưu dạng "CSV UTF-8", hoặc nói bảng mã: {}'
    ),
    "{} is a list of posts of Postiz": "{} là danh sách bài của Postiz",
    "{} is no calendar: {}": "{} không phải lịch: {}",
    "{}: not JSON: {}": "{}: không phải JSON: {}",
    "not JSON: {}": "không phải JSON: {}",
    "not CSV: {}": "không phải CSV: {}",
    "{}: neither a list of jobs nor an object with the list {}": (
        "{}: không phải danh sách bài, cũng không có danh sách {}"
    ),
    "the event repeats itself, and a post is there once": (
        "sự kiện lặp lại, mà mỗi bài chỉ có một lần"
    ),
    "give each time an event of its own": "hãy tạo một sự kiện riêng cho mỗi lần",
    "the event is all day ({}), and a post needs a time of day": (
        "sự kiện cả ngày ({}), mà bài cần có giờ"
    ),
    "give it a time": "hãy cho nó một giờ",
    "{} is empty": "{} trống",
    # -- times
    "{} has its year last: the day may come first, or the month": (
        "{} có năm đứng cuối: có thể ngày đứng trước, hoặc tháng"
    ),
    "say which: {}": "hãy nói cái nào: {}",
    "{} has dots, as dates that begin with the day have, and the month is said to come first": (
        "{} có dấu chấm như ngày viết trước, mà đã nói tháng đứng trước"
    ),
    "{} is not a time: there is no month {} (dates are read as day, month, year)": (
        "{} không phải thời gian: không có tháng {} (đọc theo ngày, tháng, năm)"
    ),
    "{} is not a time: there is no month {} (dates are read as month, day, year)": (
        "{} không phải thời gian: không có tháng {} (đọc theo tháng, ngày, năm)"
    ),
    "{} is not a time: {}": "{} không phải thời gian: {}",
    "{} is not a time": "{} không phải thời gian",
    "{} is out of the calendar": "{} nằm ngoài lịch",
    "{} is not clear: the minutes are missing": "{} không rõ: thiếu phút",
    "{} is not clear: {} is no zone that all have by that name": (
        "{} không rõ: {} không phải tên múi giờ chung"
    ),
    "write an offset (+07:00), or take it away and say the zone of the file: {}": (
        "hãy viết độ lệch (+07:00), hoặc bỏ đi và nói múi giờ của tệp: {}"
    ),
    "write it as 2026-01-31 09:00, with an offset if the zone is another (+07:00)": (
        "hãy viết như 2026-01-31 09:00, kèm độ lệch nếu múi giờ khác (+07:00)"
    ),
    "write it as {}": "hãy viết là {}",
    "the date {} has no time of day": "ngày {} không có giờ",
    "put it there; or one for all: {}": "hãy ghi vào đó; hoặc một giờ cho tất cả: {}",
    "if it is in {}: {}; one for all: {}": "nếu nó ở {}: {}; một giờ cho tất cả: {}",
    "put it there": "hãy ghi vào đó",
    "the date {} has a time of day, and there is {} besides": "ngày {} đã có giờ, mà còn có {}",
    "which of the two is meant? Take one away": "cái nào đúng? Hãy bỏ một cái",
    "the time {} is no time of day": "giờ {} không phải giờ trong ngày",
    "the time {} is not clear": "giờ {} không rõ",
    "{} has no time of day: it is taken as 00:00": "{} không có giờ: được hiểu là 00:00",
    "{}: {} is skipped on that day, clocks go forward: it is read as {}": (
        "{}: ngày đó đồng hồ bỏ qua {}, nên được hiểu là {}"
    ),
    "{}: {} is there twice on that day: the first is meant; the other has {}": (
        "{}: ngày đó có {} hai lần: hiểu là lần đầu; lần kia là {}"
    ),
    "scheduled_time {} is past: it would be posted at once": "{} đã qua: bài sẽ được đăng ngay",
    "{} is past: it would be posted at once": "{} đã qua: bài sẽ được đăng ngay",
    "{} is past: it will expire": "{} đã qua: bài sẽ hết hạn",
    "take such rows away; {} takes them as they are": "hãy bỏ các dòng đó; {} nhận nguyên như vậy",
    "scheduled_time of a {} job must be at most a year from now ({}), not {}": (
        "thời gian của bài {} tối đa một năm kể từ lúc này ({}), không phải {}"
    ),
    "each post has a time here, and none is chosen for it: put it there; or {}, and it takes the"
    " next free slot of its account": (
        "ở đây mỗi bài có một giờ, và không ai chọn thay: hãy ghi vào đó; hoặc {}"
    ),
    "scheduled_time is missing, and a post that is {} takes no slot": (
        "thiếu scheduled_time, mà bài {} không lấy khung giờ"
    ),
    "scheduled_time is missing, and account {} has no slots": (
        "thiếu scheduled_time, mà tài khoản {} không có khung giờ"
    ),
    "scheduled_time is missing, and {} is {}": "thiếu scheduled_time, mà {} là {}",
    "if that is its time: {}; if it is not, give the column another name": (
        "nếu đó là giờ của bài: {}; nếu không, hãy đổi tên cột"
    ),
    "give it some, or put a time there": "hãy đặt khung giờ, hoặc ghi giờ vào đó",
    "account {} has no free slot within a year": (
        "tài khoản {} không còn khung giờ trống trong một năm"
    ),
    # -- what a row has
    "{} is missing": "thiếu {}",
    "metadata has a key {}, and so has the row": "metadata có khóa {}, và dòng cũng có",
    "job_type is {}: it is no post, and its content {} would go out as one": (
        "job_type là {}: không phải bài, mà nội dung {} sẽ được đăng như bài"
    ),
    "{} must be a time as text, not {}": "{} phải là thời gian dạng chữ, không phải {}",
    "{} is set, and the row has it too": "đã cho {}, mà dòng cũng có",
    "{} is there twice, also as {}": "{} có hai lần, cũng là {}",
    "not a job: {}, not an object": "không phải bài: {}, không phải đối tượng",
    "{} where all are of one account": "{} nếu tất cả của một tài khoản",
    "if {} is meant: {}": "nếu ý là {}: {}",
    "content must be at most {} characters, not {}": "nội dung tối đa {} ký tự, không phải {}",
    "its accents are characters of their own (NFD): with one for each letter (NFC) it fits": (
        "dấu của nó là ký tự riêng (NFD): gộp vào chữ (NFC) thì vừa"
    ),
    "its accents are characters of their own (NFD): with one for each letter (NFC) it is {} too"
    " long still": "dấu của nó là ký tự riêng (NFD): gộp vào chữ (NFC) vẫn dài quá {}",
    "completed_at must be there for a job that is completed": "bài đã đăng phải có completed_at",
    "{} must be text, not {}": "{} phải là chữ, không phải {}",
    "{} must not be empty": "{} không được trống",
    "{} must be at most {} characters, not {}": "{} tối đa {} ký tự, không phải {}",
    "{} must be at most {} bytes as JSON, not {}": "{} tối đa {} byte dạng JSON, không phải {}",
    "{} must be one of {}, not {}": "{} phải là một trong {}, không phải {}",
    "say what it means: {}, or pending, or leave-out": (
        "hãy nói nó nghĩa là gì: {}, hoặc pending, hoặc leave-out"
    ),
    "{} is taken as PENDING": "{} được hiểu là bản nháp",
    "{} is {}, and no column is status: the post would go out": (
        "{} là {}, mà không cột nào là trạng thái: bài sẽ được đăng"
    ),
    "if it is the state: {}; to keep it in the metadata alone: {}": (
        "nếu đó là trạng thái: {}; nếu chỉ giữ kèm theo bài: {}"
    ),
    "{}: there is no column status, and {} says what its words mean": (
        "{}: không có cột trạng thái, mà {} nói các từ của nó nghĩa là gì"
    ),
    "say which it is, such as {}": "hãy nói cột nào, ví dụ {}",
    "account {} would have {} posts in the {} hours from {}, and {} {}: the others would be late,"
    " or fail": (
        "tài khoản {} sẽ có {} bài trong {} giờ từ {}, mà {} {}: các bài còn lại trễ hoặc hỏng"
    ),
    "Threads takes": "Threads nhận",
    "status is {}, and {} may be brought in": "trạng thái là {}, mà chỉ nhập được {}",
    "take the row out": "hãy bỏ dòng đó",
    "{} is of a job that some scheduler has, and posts alone may be brought in": (
        "{} thuộc về việc của một trình lên lịch, mà ở đây chỉ nhập được bài"
    ),
    "take the column away": "hãy bỏ cột đó",
    "{} is {}: the spreadsheet could not calculate it": "{} là {}: bảng tính không tính được",
    "correct its formula, or put the text there": "hãy sửa công thức, hoặc ghi chữ vào đó",
    "{} is {}: a spreadsheet has made a number of it, and its last digits are gone: it is left"
    " out": "{} là {}: bảng tính đã biến nó thành số và mất các chữ số cuối: phần này được bỏ",
    "{} is {}: a spreadsheet has made a number of it, and its last digits are gone": (
        "{} là {}: bảng tính đã biến nó thành số và mất các chữ số cuối"
    ),
    "format the column as text and put the ids in again": (
        "hãy định dạng cột là văn bản và nhập lại các mã"
    ),
    "cell {}, {}, is in a column without a name": "ô {}, {}, ở cột không có tên",
    "give the column a name; a text with separators or line breaks in it must be in double"
    " quotes": "hãy đặt tên cho cột; chữ có dấu phân cách hoặc xuống dòng phải trong ngoặc kép",
    "content has nothing that can be seen, only {}": (
        "nội dung không có gì nhìn thấy được, chỉ có {}"
    ),
    "put a text there, or take the row out": "hãy ghi nội dung, hoặc bỏ dòng đó",
    "content is broken: {} has the sign for a letter that was lost": (
        "nội dung bị lỗi: {} có dấu của chữ đã mất"
    ),
    "content is broken: {} is UTF-8 that was read as another encoding ({})": (
        "nội dung bị lỗi: {} là UTF-8 bị đọc theo bảng mã khác ({})"
    ),
    "export the file again as UTF-8; {} takes it so": (
        "hãy xuất lại tệp dạng UTF-8; {} nhận như vậy"
    ),
    "content has the control character {}, near {}": "nội dung có ký tự điều khiển {}, gần {}",
    "take it out; {} takes it so": "hãy bỏ nó đi; {} nhận như vậy",
    "content has {}, which cannot be seen": "nội dung có {}, không nhìn thấy được",
    "content must be at most {} characters, not {}, as {} counts: {}": (
        "nội dung dài nhất {} ký tự mà có {}, theo cách đếm của {}: {}"
    ),
    "an emoji is its UTF-8 bytes": "biểu tượng tính theo byte UTF-8",
    "what is seen as one character is one, an emoji too": (
        "cái gì nhìn thấy là một ký tự thì tính là một, biểu tượng cũng vậy"
    ),
    "what is seen as one character is one, a link is 23, and of @somebody@example.social only"
    " @somebody counts": (
        "cái gì nhìn thấy là một ký tự thì tính là một, liên kết là 23, còn @ai@example.social chỉ"
        " tính @ai"
    ),
    "UTF-16: most emoji are 2 or more": "theo UTF-16: phần lớn biểu tượng là 2 hoặc hơn",
    "a link is 23, an emoji 2, and so are letters such as ế and 漢": (
        "liên kết là 23, biểu tượng là 2, các chữ như ế và 漢 cũng là 2"
    ),
    "content must be at most {} bytes of UTF-8 on {}, not {}": (
        "nội dung dài nhất {} byte UTF-8 trên {} mà có {}"
    ),
    "content must have at most {} hashtags on {}, not {}": (
        "nội dung có nhiều nhất {} thẻ # trên {} mà có {}"
    ),
    "content must have at most {} different links on {}, not {}": (
        "nội dung có nhiều nhất {} liên kết khác nhau trên {} mà có {}"
    ),
    "platform {} is likely to be {}, whose table is not looked at under this name": (
        "nền tảng {} có lẽ là {}; với tên này, bảng của nó không được xét"
    ),
    "write {}": "hãy ghi {}",
    "platform is {}, and a job is for one": "nền tảng là {}, mà mỗi bài cho một nơi",
    "import them one after another: {}": "hãy nhập lần lượt từng nơi: {}",
    "there is nothing but {}: passed over": "chỉ có {}: bỏ qua",
    "{} is read by no publisher: it goes into the metadata": (
        "không nơi đăng nào đọc {}: nó được giữ kèm theo bài"
    ),
    "{} is read by no publisher; if {} is meant: {}": (
        "không nơi đăng nào đọc {}; nếu ý là {}: {}"
    ),
    "{} is no address that begins with http:// or https://": (
        "{} không phải địa chỉ bắt đầu bằng http:// hoặc https://"
    ),
    "{} has several addresses, and a post takes one: {}": (
        "{} có nhiều địa chỉ, mà bài nhận một: {}"
    ),
    "{} is a page that shows a file, and not the file: a platform cannot take it from there": (
        "{} là trang hiển thị tệp chứ không phải tệp: nền tảng không lấy được từ đó"
    ),
    "topic_tag {} begins with #, which would be part of the topic": (
        "chủ đề {} bắt đầu bằng #, dấu này sẽ thành một phần của chủ đề"
    ),
    # -- the same post twice
    "the same post is in {}": "cùng bài đó có ở {}",
    "take one away; {} posts both": "hãy bỏ một bài; {} đăng cả hai",
    "the ledger has this post already: job {} is {}": "sổ đã có bài này: bài {} đang {}",
    "{} leaves such rows out; {} posts them again": "{} bỏ qua các dòng đó; {} đăng lại chúng",
    "the ledger has this post with another time, from this file: job {} is {}, and both would go"
    " out": "sổ có bài này với giờ khác, từ tệp này: bài {} đang {}, và cả hai sẽ được đăng",
    "the ledger has this post with another text, from this file: job {} is {}, and both would go"
    " out": "sổ có bài này với nội dung khác, từ tệp này: bài {} đang {}, và cả hai sẽ được đăng",
    "change it there; {} adds the row besides": "hãy sửa ở đó; {} thêm cả dòng này",
    "job_id {} is there twice: also in {}": "job_id {} có hai lần: cũng ở {}",
    "{} leaves such rows out": "{} bỏ qua các dòng đó",
    "{} leaves the job out": "{}: bỏ qua bài này",
    "state {}": "trạng thái {}",
    "by its id": "theo mã",
    "not for {}": "không dành cho {}",
    "{}; {}": "{}; {}",
    "{}: it is left out": "{}: phần này được bỏ",
    "“{}”: {}": "“{}”: {}",
    "“{}”": "“{}”",
}
