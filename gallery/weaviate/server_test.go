package weaviate_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// cluster is three nodes on this machine, which the tests start and stop.
type cluster struct {
	program, folder string
	first           int // port of the first node; each has 6
	nodes           [3]*exec.Cmd
}

const ports = 6

// started is the cluster that the tests share, and why there is none.
var started struct {
	once sync.Once
	*cluster
	why string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started.cluster != nil {
		started.stopAll()
	}
	os.Exit(code)
}

// servers starts three nodes, once.
func servers(t *testing.T) *cluster {
	t.Helper()
	started.once.Do(func() { started.cluster, started.why = start() })
	if started.cluster == nil {
		t.Skip(started.why)
	}
	return started.cluster
}

func start() (*cluster, string) {
	program := os.Getenv("SIAM_TEST_WEAVIATE")
	if program == "" {
		program = "weaviate-server"
	}
	program, err := exec.LookPath(program)
	if err != nil {
		return nil, "no server to try stores on: SIAM_TEST_WEAVIATE names no weaviate-server, and there is none in PATH (go install github.com/weaviate/weaviate/cmd/weaviate-server@v1.35.2)"
	}
	folder, err := os.MkdirTemp("", "siam-weaviate")
	if err != nil {
		return nil, err.Error()
	}
	c := &cluster{program: program, folder: folder, first: freePorts(3 * ports)}
	if err := c.startAll(); err != nil {
		c.stopAll()
		return nil, err.Error()
	}
	return c, ""
}

// freePorts is the first of some ports that are free.
func freePorts(n int) int {
next:
	for first := 23000; ; first += n {
		for p := first; p < first+n; p++ {
			listener, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", p))
			if err != nil {
				continue next
			}
			listener.Close()
		}
		return first
	}
}

func (c *cluster) startAll() error {
	for i := range c.nodes {
		if err := c.start(i); err != nil {
			return err
		}
		if i == 0 { // the others join it
			if err := within(time.Minute, func() bool { return dials(c.port(0, 1)) }); err != nil {
				return fmt.Errorf("node 0 does not listen: %w", err)
			}
		}
	}
	for i := range c.nodes {
		if err := c.ready(i); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) port(node, nth int) string { return strconv.Itoa(c.first + node*ports + nth) }

func (c *cluster) start(node int) error {
	var members []string
	for i := range c.nodes {
		members = append(members, fmt.Sprintf("n%d:%s", i, c.port(i, 4)))
	}
	log, err := os.OpenFile(filepath.Join(c.folder, fmt.Sprintf("n%d.log", node)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.program, "--host", "127.0.0.1", "--port", c.port(node, 0), "--scheme", "http")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "PERSISTENCE_DATA_PATH="+filepath.Join(c.folder, fmt.Sprint("n", node)), fmt.Sprint("CLUSTER_HOSTNAME=n", node),
		"CLUSTER_IN_LOCALHOST=true", "CLUSTER_ADVERTISE_ADDR=127.0.0.1", "CLUSTER_GOSSIP_BIND_PORT="+c.port(node, 1), "CLUSTER_DATA_BIND_PORT="+c.port(node, 2),
		"GRPC_PORT="+c.port(node, 3), "RAFT_PORT="+c.port(node, 4), "RAFT_INTERNAL_RPC_PORT="+c.port(node, 5), "RAFT_JOIN="+strings.Join(members, ","),
		"RAFT_BOOTSTRAP_EXPECT=3", "RAFT_TIMEOUTS_MULTIPLIER=1", "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=true", "DEFAULT_VECTORIZER_MODULE=none",
		"DISABLE_TELEMETRY=true", "GO_PROFILING_DISABLE=true", "LOG_LEVEL=warning")
	for i := range c.nodes {
		if i != node && dials(c.port(i, 1)) {
			cmd.Env = append(cmd.Env, "CLUSTER_JOIN=127.0.0.1:"+c.port(i, 1))
			break
		}
	}
	c.nodes[node] = cmd
	return cmd.Start()
}

func dials(port string) bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// ready waits for a node to answer.
func (c *cluster) ready(node int) error {
	err := within(time.Minute, func() bool {
		response, err := http.Get("http://" + c.host(node) + "/v1/.well-known/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(c.folder, fmt.Sprintf("n%d.log", node)))
		return fmt.Errorf("node %d does not answer: %w: %s", node, err, log[max(0, len(log)-1000):])
	}
	return nil
}

func within(limit time.Duration, done func() bool) error {
	for start := time.Now(); time.Since(start) < limit; time.Sleep(50 * time.Millisecond) {
		if done() {
			return nil
		}
	}
	return fmt.Errorf("not within %v", limit)
}

func (c *cluster) host(node int) string { return "127.0.0.1:" + c.port(node, 0) }

// address is that of a store, the nodes in an order that begins with one.
func (c *cluster) address(name string, first int) string {
	return fmt.Sprintf("weaviate://%s/%s?also=%s,%s", c.host(first), name, c.host((first+1)%3), c.host((first+2)%3))
}

// kill ends a node at once, as a power cut does.
func (c *cluster) kill(node int) {
	if cmd := c.nodes[node]; cmd != nil && cmd.Process != nil {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	}
	c.nodes[node] = nil
}

func (c *cluster) stopAll() {
	for i := range c.nodes {
		c.kill(i)
	}
	os.RemoveAll(c.folder)
}
