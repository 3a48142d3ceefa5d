package parallel

import (
	"runtime"
	"testing"
	"testing/fstest"
)

func TestQuotaIsTheSmallestOfTheControlGroupsAround(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  float64 // 0 is no limit
	}{
		"none":              {nil, 0},
		"no limit":          {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 0},
		"half a core":       {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5},
		"of a parent":       {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "400000 100000\n"}, 1.5},
		"infinity is text":  {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "0 0\n"}, 0},
		"damaged":           {map[string]string{"proc/self/cgroup": "0\n:::", "sys/fs/cgroup/cpu.max": "x"}, 0},
		"version 1":         {map[string]string{"proc/self/cgroup": "3:cpuset:/\n1:cpu,cpuacct:/c\n0::/\n", "sys/fs/cgroup/cpu/c/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu/c/cpu.cfs_period_us": "100000\n"}, 2.5},
		"version 1 without": {map[string]string{"proc/self/cgroup": "1:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 0},
	} {
		root := fstest.MapFS{}
		for file, text := range test.files {
			root[file] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, ok := quota(root); got != test.want || ok != (test.want > 0) {
			t.Errorf("%s: quota = %v, %v, want %v", name, got, ok, test.want)
		}
	}
}

func TestCoresAreNoMoreThanGoMayUse(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := Cores(); got <= 0 || got > 1 {
		t.Errorf("Cores() = %v where Go may use 1, want at most 1", got)
	}
}
