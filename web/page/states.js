// The state machine's states, for the picture of it. Generated from statemachines/try_on.asl.json: make docs
// Each: name, type, the stage of a job that begins with it, where it goes (first: where a try-on goes that works), and
// where errors lead.
export default [
  ["Validate Request", "Task", "validating", ["Reserve Slot"], ["Already Claimed", "Job Closed", "Record Failure"]],
  ["Reserve Slot", "Task", "queued", ["Call Now?"], ["Job Closed", "Wait For Engine", "Record Failure"]],
  ["Call Now?", "Choice", null, ["Invoke Model", "Store Result", "Wait For Twin", "Wait For Slot"], []],
  ["Wait For Twin", "Wait", null, ["Validate Request"], []],
  ["Wait For Engine", "Wait", null, ["Reserve Slot"], []],
  ["Wait For Slot", "Wait", null, ["Invoke Model"], []],
  ["Invoke Model", "Task", "generating", ["Store Result"], ["Job Closed", "Reserve Slot", "Record Failure"]],
  ["Store Result", "Task", "storing", ["Notify Client"], ["Job Closed", "Record Failure"]],
  ["Notify Client", "Task", null, [], ["Notify Later"]],
  ["Notify Later", "Succeed", null, [], []],
  ["Record Failure", "Task", null, ["Notify Failure"], ["Failed"]],
  ["Notify Failure", "Task", null, ["Refused Or Failed?"], ["Refused Or Failed?"]],
  ["Refused Or Failed?", "Choice", null, ["Failed", "Refused", "Job Closed"], []],
  ["Already Claimed", "Succeed", null, [], []],
  ["Job Closed", "Succeed", null, [], []],
  ["Refused", "Succeed", null, [], []],
  ["Failed", "Fail", null, [], []],
];
