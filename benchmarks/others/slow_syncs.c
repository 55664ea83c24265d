/* Makes a disk slow: each call that waits for the disk takes so much longer, after the real one.

   Preloaded into a process, and so into its children (benchmarks/others/slow_disk.py). The file that
   SLOW_SYNCS names is shared by all of them: how many nanoseconds longer, then how many calls there
   were. Those are fsync, fdatasync, msync with MS_SYNC, sync_file_range that waits or begins to
   write, syncfs, and a write to a file that was opened with O_DSYNC or O_SYNC. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct shared {
  _Atomic uint64_t longer_ns;
  _Atomic uint64_t calls;
};

static struct shared nothing;
static struct shared *shared = &nothing;
static __thread int is_precise;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("SLOW_SYNCS");
  int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *place = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (place != MAP_FAILED) shared = place;
}

static void wait_longer(void) {
  int kept = errno;
  shared->calls++;
  uint64_t longer = shared->longer_ns;
  if (longer) {
    if (!is_precise) { /* else the kernel adds up to 50 microseconds */
      prctl(PR_SET_TIMERSLACK, 1UL);
      is_precise = 1;
    }
    struct timespec left = {longer / 1000000000u, longer % 1000000000u};
    while (nanosleep(&left, &left) && errno == EINTR) {
    }
  }
  errno = kept;
}

#define REAL(result, name, ...)                                  \
  static result (*real)(__VA_ARGS__);                            \
  if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

int fsync(int fd) {
  REAL(int, "fsync", int);
  int done = real(fd);
  wait_longer();
  return done;
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  int done = real(fd);
  wait_longer();
  return done;
}

int syncfs(int fd) {
  REAL(int, "syncfs", int);
  int done = real(fd);
  wait_longer();
  return done;
}

int msync(void *place, size_t size, int flags) {
  REAL(int, "msync", void *, size_t, int);
  int done = real(place, size, flags);
  if (flags & MS_SYNC) wait_longer();
  return done;
}

int sync_file_range(int fd, off64_t offset, off64_t size, unsigned int flags) {
  REAL(int, "sync_file_range", int, off64_t, off64_t, unsigned int);
  int done = real(fd, offset, size, flags);
  wait_longer();
  return done;
}

/* A write to a file that was opened with O_DSYNC waits for the disk as well (O_SYNC has its bit). */
static ssize_t written(int fd, ssize_t done) {
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_DSYNC)) wait_longer();
  return done;
}

ssize_t write(int fd, const void *data, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  return written(fd, real(fd, data, size));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  return written(fd, real(fd, data, size, at));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return written(fd, real(fd, data, size, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  return written(fd, real(fd, parts, count));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
  return written(fd, real(fd, parts, count, at));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
  return written(fd, real(fd, parts, count, at));
}
