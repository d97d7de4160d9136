-- name: recipient$
-- Who asked for it and is still a member, else the project's owner; none where they want none.
select coalesce(asked.email, owner.email)
from builds b join projects p on p.id = b.project_id join accounts owner on owner.id = p.owner_id
left join accounts asked on asked.id = b.account_id and exists (
    select from members m where m.project_id = b.project_id and m.account_id = asked.id
)
left join build_settings s on s.project_id = b.project_id
where b.id = :id and coalesce(s.failure_mail, true);
