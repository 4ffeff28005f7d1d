-- Three questions to the results of past runs, for DuckDB, asked from the folder of the project:
--     duckdb < examples/results/questions.sql
-- In a warehouse, where a loader keeps one row for each key, the streams are tables already.

-- target-jsonl only adds lines. A run that was seen under way has a second one from its end, and what
-- was interrupted may have come twice: the last line of each key counts.
CREATE OR REPLACE TEMP VIEW destinations AS
SELECT DISTINCT * REPLACE (
    CAST(ended_at AS TIMESTAMP) AS ended_at,
    CAST(list_id AS VARCHAR) AS list_id
)
FROM read_json('output/results/destinations.jsonl');

CREATE OR REPLACE TEMP VIEW findings AS
SELECT DISTINCT * REPLACE (CAST(ended_at AS TIMESTAMP) AS ended_at)
FROM read_json('output/results/findings.jsonl');

-- 1. What has become of the rows of the newest run to each list?
SELECT
    list_name, stream, ended_at, read, landed, merged, unchanged,
    rejected + refused + suppressed AS not_taken,
    unexplained + unsettled AS not_known
FROM destinations
WHERE list_id <> 'none'
QUALIFY row_number() OVER (PARTITION BY stream, list_id ORDER BY ended_at DESC, run DESC) = 1
ORDER BY list_name, stream;

-- 2. Which segments have grown or shrunk since the run before, the greatest change first?
SELECT
    list_name, stream, ended_at,
    lag(read) OVER runs_of_list AS rows_before,
    read AS rows_now,
    round(100.0 * (rows_now - rows_before) / rows_before, 1) AS percent
FROM destinations
WHERE list_id <> 'none'
WINDOW runs_of_list AS (PARTITION BY stream, list_id ORDER BY ended_at, run)
QUALIFY
    lead(run) OVER runs_of_list IS NULL AND rows_before > 0
ORDER BY abs(percent) DESC;

-- 3. Why have rows not landed in the last 30 days, the most frequent reason first?
SELECT
    stream, kind, reason, field,
    CAST(sum("count") AS BIGINT) AS rows,
    count(DISTINCT run) AS runs,
    max(ended_at) AS last_seen
FROM findings
WHERE kind <> 'dropped'
    AND ended_at >= (SELECT max(ended_at) FROM destinations) - INTERVAL 30 DAY
GROUP BY ALL
ORDER BY rows DESC, stream, reason
LIMIT 20;
