package parallel

import (
	"io/fs"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// Cores is how many of the machine's cores this process may keep busy: at most GOMAXPROCS and the cores it is bound to, and
// on Linux the quota of its control group, which may be a fraction such as 0.5 or 1.5. (GOMAXPROCS alone is 2 where the quota
// is less.)
func Cores() float64 {
	cores := float64(min(runtime.GOMAXPROCS(0), runtime.NumCPU()))
	if quota, ok := quota(os.DirFS("/")); ok && quota < cores {
		return quota
	}
	return cores
}

// quota is the smallest limit, in cores, of the control group that this process is in and those around it.
func quota(root fs.FS) (cores float64, ok bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(groups)) {
		hierarchy, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		var limit func(dir string) (float64, bool)
		dir := "sys/fs/cgroup"
		switch {
		case hierarchy == "0":
			limit = func(dir string) (float64, bool) { return limitV2(root, dir) }
		case strings.Contains(","+controllers+",", ",cpu,"):
			dir += "/cpu"
			limit = func(dir string) (float64, bool) { return limitV1(root, dir) }
		default:
			continue
		}
		for group = path.Clean("/" + group); ; group = path.Dir(group) {
			if c, limited := limit(path.Join(dir, group)); limited && (!ok || c < cores) {
				cores, ok = c, true
			}
			if group == "/" {
				break
			}
		}
	}
	return cores, ok
}

// limitV2 reads cpu.max, "150000 100000" for one and a half cores.
func limitV2(root fs.FS, dir string) (float64, bool) {
	text, err := fs.ReadFile(root, path.Join(dir, "cpu.max"))
	if err != nil {
		return 0, false
	}
	most, period, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return share(most, period)
}

// limitV1 reads the two files of the first version.
func limitV1(root fs.FS, dir string) (float64, bool) {
	most, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_quota_us"))
	if err != nil {
		return 0, false
	}
	period, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return 0, false
	}
	return share(strings.TrimSpace(string(most)), strings.TrimSpace(string(period)))
}

// share divides two numbers of microseconds; there is no limit if one is not positive, or "max".
func share(most, period string) (float64, bool) {
	a, errA := strconv.ParseFloat(most, 64)
	b, errB := strconv.ParseFloat(period, 64)
	if errA != nil || errB != nil || a <= 0 || b <= 0 {
		return 0, false
	}
	return a / b, true
}
