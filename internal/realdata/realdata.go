// Package realdata finds the data sets, the public networks and other software's values that some tests need, which no repository holds, and skips those
// tests where they are not.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Set is the data set of this name in the folder $SIAM_DATA: its archive name/name.tar.gz, or else the folder name.
func Set(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("SIAM_DATA")
	if root == "" {
		t.Skipf("SIAM_DATA is not set: it names the folder with %s/ in it", name)
	}
	for _, path := range []string{filepath.Join(root, name, name+".tar.gz"), filepath.Join(root, name)} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("%s has no %s/ in it", root, name)
	return ""
}

// Network is the file of this name, such as reid_0288/reid_0288.onnx, in the folder of public networks.
func Network(t testing.TB, name string) string {
	t.Helper()
	folder := Networks()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); folder == "" || err != nil {
		t.Skipf("the network %s is not here: set SIAM_WEIGHTS to the folder that has it", name)
	}
	return path
}

// Networks is the folder of public networks: $SIAM_WEIGHTS, or weights beside the folder $SIAM_DATA; "" if neither is set.
func Networks() string {
	folder := os.Getenv("SIAM_WEIGHTS")
	if data := os.Getenv("SIAM_DATA"); folder == "" && data != "" {
		folder = filepath.Join(filepath.Dir(filepath.Clean(data)), "weights")
	}
	return folder
}

// Fixture is the file or folder of this name, such as mot/expected.json, among values that other software made: in the folder
// $SIAM_FIXTURES, or reference/fixtures beside the folder $SIAM_DATA.
func Fixture(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("SIAM_FIXTURES")
	if data := os.Getenv("SIAM_DATA"); folder == "" && data != "" {
		folder = filepath.Join(filepath.Dir(filepath.Clean(data)), "reference", "fixtures")
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); folder == "" || err != nil {
		t.Skipf("the fixture %s is not here: set SIAM_FIXTURES to the folder that has it", name)
	}
	return path
}
