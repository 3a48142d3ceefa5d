package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/siam-go/siam/gallery"
)

// What a server says is told as the errors of package gallery, in one line.
func TestServersErrorsAreTold(t *testing.T) {
	s := &store{server: "host:5432/faces"}
	for code, want := range map[string]error{"57P01": gallery.ErrUnreachable, "53300": gallery.ErrUnreachable, "08006": gallery.ErrUnreachable, "40001": gallery.ErrConflict, "40P01": gallery.ErrConflict} {
		err := s.failed(context.Background(), "read", &pgconn.PgError{Code: code, Message: "two\nlines"})
		if !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %s is told as %v, want one line that is %v", code, err, want)
		}
	}
	if err := s.failed(context.Background(), "gallery \"g\" in", &pgconn.PgError{Code: "53100"}); !errors.Is(err, gallery.ErrFull) || strings.Contains(err.Error(), "\n") {
		t.Errorf("a full disk is told as %v", err)
	}
}
