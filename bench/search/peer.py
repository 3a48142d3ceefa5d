"""FAISS and hnswlib take their turns: reads commands, one a line, and answers each with a line of JSON."""
import json, os, sys, time
import numpy as np, faiss, hnswlib

vectors, probes, exact, n, d, threads, kept = sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]), sys.argv[7]
faiss.omp_set_num_threads(threads)
x = np.fromfile(vectors, dtype=np.float32).reshape(n, d)
q = np.fromfile(probes, dtype=np.float32).reshape(-1, d)
k = 10
flat = graph = None

def processor():
    t = os.times()
    return t.user + t.system

def timed(work):
    wall, used = time.perf_counter(), processor()
    result = work()
    return {"wall": time.perf_counter() - wall, "processor": processor() - used}, result

for line in sys.stdin:
    command, *args = line.split()
    if command == "flat":  # so many probes at once
        if flat is None:
            flat = faiss.IndexFlatL2(d)
            flat.add(x)
        answer, _ = timed(lambda: flat.search(q[:int(args[0])], k))
    elif command == "build":
        graph = hnswlib.Index(space="l2", dim=d)
        if os.path.exists(kept + ".json"):  # an earlier run left it
            graph.load_index(kept, max_elements=n)
            graph.set_num_threads(threads)
            answer = json.load(open(kept + ".json"))
        else:
            graph.init_index(max_elements=n, ef_construction=int(args[1]), M=int(args[0]), random_seed=1)
            graph.set_num_threads(threads)
            answer, _ = timed(lambda: graph.add_items(x))
            graph.save_index(kept)
            json.dump(answer, open(kept + ".json", "w"))
    elif command == "graph":  # with that breadth
        graph.set_ef(int(args[0]))
        answer, (found, _) = timed(lambda: graph.knn_query(q, k))
        want = np.fromfile(exact, dtype=np.int32).reshape(-1, k)
        answer["recall"] = float(np.mean([len(set(a) & set(b)) / k for a, b in zip(found, want)]))
    elif command == "versions":
        answer = {"faiss": faiss.__version__, "compiled": faiss.get_compile_options().strip()}
    print(json.dumps(answer), flush=True)
