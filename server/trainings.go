package server

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/siam-go/siam/api"
)

// mostProgress is more than a file of progress has bytes.
const mostProgress = 1 << 20

// states are those of trainings.
var states = []string{"running", "stopped", "failed"}

func (s *Server) trainingRoutes() {
	handle(s, get("trainings", "/v1/trainings", "trainings that write into the server's folder of models, and how far they are"), policy{roles: []Role{RoleAdmin}, all: true}, s.trainings)
}

// trainings reads the files of progress that siam train leaves in the folder of models.
func (s *Server) trainings(context.Context, *struct{}) (*answer[api.Trainings], error) {
	out := api.Trainings{Trainings: []api.Training{}}
	if s.Folder == "" {
		return &answer[api.Trainings]{out}, nil
	}
	entries, err := os.ReadDir(s.Folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		model, is := strings.CutSuffix(e.Name(), api.ProgressSuffix)
		info, err := e.Info()
		if !is || err != nil || !info.Mode().IsRegular() || info.Size() > mostProgress {
			continue
		}
		text, err := os.ReadFile(filepath.Join(s.Folder, e.Name()))
		training := api.Training{}
		if err != nil || json.Unmarshal(text, &training) != nil || training.Steps < 1 || !slices.Contains(states, training.State) { // it has ended meanwhile, or is no such file
			continue
		}
		training.Model = model
		training.Loss, training.Validation = append([][2]float64{}, training.Loss...), append([][2]float64{}, training.Validation...)
		out.Trainings = append(out.Trainings, training)
	}
	slices.SortFunc(out.Trainings, func(a, b api.Training) int { return cmp.Compare(a.Model, b.Model) })
	return &answer[api.Trainings]{out}, nil
}
