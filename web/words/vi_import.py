"""Vietnamese of the page that takes posts from a file."""

from __future__ import annotations

IMPORT: dict[str, str] = {
    "Import": "Nhập từ tệp",
    "Import posts": "Nhập bài từ tệp",
    "File": "Tệp",
    "Another file instead of {name}": "Tệp khác thay cho {name}",
    "A table (CSV, Excel), a calendar (.ics) or JSON: up to {count} MB and {rows} posts. It can be"
    " dropped here, too.": (
        "Bảng (CSV, Excel), lịch (.ics) hoặc JSON: tối đa {count} MB và {rows} bài. Cũng có thể thả"
        " tệp vào đây."
    ),
    "This file has more than {count} MB.": "Tệp này lớn hơn {count} MB.",
    "One file at a time.": "Mỗi lần một tệp thôi.",
    "Nothing is added before you have seen what each row means.": (
        "Chưa có gì được thêm trước khi bạn xem mỗi dòng nghĩa là gì."
    ),
    # -- what is asked
    "Which program is it from?": "Tệp từ chương trình nào?",
    "find out by its columns": "nhận biết theo các cột",
    "Account, where a row has none": "Tài khoản, nếu dòng không có",
    "Dates such as 3/12/2026": "Ngày như 3/12/2026",
    "there are none": "không có ngày như vậy",
    "the day comes first": "ngày đứng trước",
    "the month comes first": "tháng đứng trước",
    "Time of day, where a row has none": "Giờ đăng, nếu dòng không có",
    "How they come in": "Nhập vào như thế nào",
    "as the file says: they go out at their times, drafts wait": (
        "như trong tệp: bài tự đăng đúng giờ, bản nháp thì chờ"
    ),
    "as drafts: each waits until somebody releases it": (
        "thành bản nháp: mỗi bài chờ đến khi có người cho đăng"
    ),
    "More: slots, doubles, what is past, sheets, encodings": (
        "Thêm: khung giờ, bài trùng, bài quá giờ, trang tính, bảng mã"
    ),
    "Give posts without a time the next free slots of their accounts": (
        "Bài không có giờ lấy khung giờ trống tiếp theo của tài khoản"
    ),
    "the next slot": "khung giờ tiếp theo",
    "Leave out posts that the ledger has from elsewhere": "Bỏ qua bài mà sổ đã có từ nơi khác",
    "Take the same post twice": "Nhận cả bài trùng nhau",
    "Take posts anew that were cancelled or removed": "Nhận lại bài đã bị hủy hoặc xóa",
    "Take posts whose time has just passed: they go out at once": (
        "Nhận bài vừa quá giờ: được đăng ngay"
    ),
    "Take texts that look broken": "Nhận cả nội dung trông như bị lỗi",
    "Leave the row out of the file": "Bỏ dòng đó khỏi tệp",
    "Sheet": "Trang tính",
    "Encoding": "Bảng mã",
    "What the columns are": "Các cột là gì",
    "What the states mean": "Các trạng thái nghĩa là gì",
    "the text": "nội dung",
    "the account": "tài khoản",
    "day and time": "ngày và giờ",
    "the day": "ngày",
    "the time of day": "giờ",
    "the state": "trạng thái",
    "the platform": "nền tảng",
    "the priority": "mức ưu tiên",
    "address of a picture": "địa chỉ ảnh",
    "address of a film": "địa chỉ video",
    "a link": "liên kết",
    "what the picture shows": "mô tả ảnh",
    "the topic": "chủ đề",
    "kept with the post": "giữ kèm theo bài",
    "none of these: kept as {name}": "không phải mục nào: giữ với tên {name}",
    "nobody has said": "chưa ai nói",
    "left out": "bỏ qua",
    "Look at it first": "Xem trước đã",
    "Another file, or say something else of it": "Tệp khác, hoặc nói khác đi về tệp này",
    # -- what would come of it
    "Nothing was added": "Chưa thêm gì",
    "Nothing was added. Look at what is marked.": "Chưa thêm gì. Hãy xem những chỗ được đánh dấu.",
    "The posts are in the ledger by now, each of them.": "Lúc này mọi bài đều đã có trong sổ.",
    "It would come out differently by now, or something was said anew. This is how it is; look"
    " again, then confirm.": (
        "Lúc này kết quả đã khác, hoặc có điều vừa được nói lại. Đây là tình trạng hiện giờ; hãy"
        " xem lại rồi xác nhận."
    ),
    "Nothing can be added yet": "Chưa thể thêm gì",
    "One post would be added": "Sẽ thêm một bài",
    "{count} posts would be added": "Sẽ thêm {count} bài",
    "There is nothing to add": "Không có gì để thêm",
    "All of a file comes in, or nothing. These rows cannot be taken as they are:": (
        "Cả tệp được nhập, hoặc không gì cả. Những dòng này chưa nhận được:"
    ),
    "First post": "Bài đầu",
    "Last post": "Bài cuối",
    "now {offset}": "lúc này {offset}",
    "Already there": "Đã có sẵn",
    "from an import, and they stay as they are": "từ một lần nhập, được giữ nguyên",
    "Left out": "Bỏ qua",
    "posts that the ledger knows": "bài mà sổ đã có",
    "Kept with the posts": "Giữ kèm theo bài",
    "Worth a look": "Nên xem qua",
    "What each row means": "Mỗi dòng nghĩa là gì",
    "Line": "Dòng",
    "Line {lines}": "Dòng {lines}",
    "Lines {lines}": "Các dòng {lines}",
    "each of the {count}": "từng dòng trong {count} dòng",
    "In the file": "Trong tệp",
    "Means": "Nghĩa là",
    "Add the post": "Thêm bài này",
    "Add {count} posts": "Thêm {count} bài",
    "All of them or none, in one write. If it would come out differently by then, nothing is"
    " added.": (
        "Tất cả hoặc không bài nào, trong một lần ghi. Nếu lúc đó kết quả khác đi, không gì được"
        " thêm."
    ),
    "Added: {count}": "Đã thêm: {count} bài",
}
