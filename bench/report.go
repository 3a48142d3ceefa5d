package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/siam-go/siam/internal/atomicfile"
)

// Processor is the name Linux gives the processor.
func Processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(info), "model name\t: ")
	name, _, found := strings.Cut(rest, "\n")
	if !found {
		return runtime.GOARCH
	}
	return name
}

// Load is how many programs wanted to run during the last minute.
func Load() string {
	averages, _ := os.ReadFile("/proc/loadavg")
	first, _, found := strings.Cut(string(averages), " ")
	if !found {
		return "unknown"
	}
	return first
}

// Commit is that of the repository.
func Commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(out))
}

// Rewrite puts the text that make target wrote between its two lines in a file.
func Rewrite(file, target, text string) error {
	begin := fmt.Sprintf("<!-- %s: this table is written by make %s -->\n", target, target)
	end := fmt.Sprintf("<!-- end of %s -->\n", target)
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("writing the table: %s lacks the lines %q and %q", file, begin, end)
	}
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := io.WriteString(w, before+begin+"\n"+text+"\n"+end+after)
		return err
	})
}
