-- A sandbox that nobody uses is frozen before it is stopped.

alter table sandboxes drop constraint sandboxes_state_check;
alter table sandboxes add constraint sandboxes_state_check
    check (state in ('absent', 'starting', 'running', 'frozen', 'stopping', 'stopped', 'failed'));
